/**
 * Measures parsing a Dockerfile of 10,000 lines against reading it and splitting it into lines, taking turns in one
 * process, and prints the ratio: for the first run, and for the runs after. Usage: node bench/parse.ts [rounds].
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sourceFile } from '../src/base/index.ts'
import { parseDockerfile, readDockerfile } from '../src/dockerfile/parse-dockerfile.ts'

const lines = 10_000
const rounds = Number(process.argv[2] ?? 100)

/** A stage as people write them: every instruction that is common, no two lines alike. */
function stage(n: number): string {
  return `
# Stage ${n} builds part ${n}
FROM --platform=$BUILDPLATFORM docker.io/library/node:${n}-bookworm-slim AS part-${n}
ARG VERSION_${n}=1.${n}.0
ARG TARGET_${n}

ENV PATH_${n}="/opt/part-${n}/bin:$PATH" \\
    LEVEL_${n}=production-${n} \\
    LC_${n}=C.UTF-8
LABEL org.opencontainers.image.title="Part ${n}" org.opencontainers.image.version="1.${n}"
WORKDIR /srv/part-${n}
RUN apt-get update \\
    && apt-get install -y --no-install-recommends \\
        ca-certificates \\
        curl=7.${n}.* \\
        # for part ${n}
        libpq-dev=15.${n} \\
    && rm -rf /var/lib/apt/lists/* # ${n}
COPY package-${n}.json package-lock-${n}.json ./
RUN --mount=type=cache,target=/root/.npm-${n} npm ci --omit=dev --prefix part-${n}
COPY --chown=node:node src/part-${n} ./src
COPY --from=part-${Math.max(0, n - 1)} /srv/part-${n}/dist /usr/share/part-${n}
RUN <<EOT${n}
set -e
echo "configure ${n}" > /etc/part-${n}
make -C /srv/part-${n} all
EOT${n}
ADD https://example.com/part-${n}.tar.gz /tmp/part-${n}.tar.gz
RUN if [ -f /etc/part-${n} ]; then echo found ${n}; fi
EXPOSE ${1024 + n}/tcp ${2048 + n}
VOLUME /data/part-${n}
USER node:${n}
STOPSIGNAL ${n}
HEALTHCHECK --interval=${n + 1}s --retries=3 CMD curl -f http://localhost:${n}/ || exit 1
SHELL ["/bin/bash", "-o", "pipefail", "-c", "part-${n}"]
ENTRYPOINT ["/usr/bin/tini", "--", "part-${n}"]
CMD ["node", "server-${n}.js", "--port", "${n}"]
`
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] ?? 0
}

function time(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

/** Whole stages, and comments up to the wanted number of lines. */
function dockerfile(): string {
  const all: string[] = []
  for (let n = 0; ; n++) {
    const more = stage(n).split('\n')
    if (all.length + more.length > lines) break
    all.push(...more)
  }
  while (all.length < lines) all.push(`# line ${all.length + 1}`)
  return all.join('\n')
}

const work = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
const file = join(work, 'Dockerfile')
try {
  writeFileSync(file, dockerfile())
  const read = (): string => readFileSync(file, 'utf8')
  const subjects = {
    'read and split': () => read().split('\n'),
    parsed: () => readDockerfile(sourceFile('Dockerfile', read())),
    'parsed and linted': () => parseDockerfile(sourceFile('Dockerfile', read())),
  }
  const runs = Array.from({ length: rounds }, () => Object.values(subjects).map(time))
  const { instructions } = subjects.parsed()
  console.log(`${lines} lines, ${read().length} bytes, ${instructions.length} instructions; first run, then warm`)
  const warm = runs.slice(rounds >> 1)
  const split = [runs[0]?.[0] ?? 0, median(warm.map((run) => run[0] ?? 0)), Math.min(...warm.map((run) => run[0] ?? 0))]
  for (const [index, what] of Object.keys(subjects).entries()) {
    const times = warm.map((run) => run[index] ?? 0)
    const shown = [runs[0]?.[index] ?? 0, median(times), Math.min(...times)].map(
      (ms, column) => `${ms.toFixed(1)} ms (${(ms / (split[column] ?? 0)).toFixed(1)} times)`,
    )
    console.log(`${what.padEnd(18)} first ${shown[0]}, median ${shown[1]}, min ${shown[2]}`)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
