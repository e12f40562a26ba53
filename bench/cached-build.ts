/**
 * Measures a fully cached build against a bare start of the same Node, taking turns in the same minute, and prints the
 * ratio. Usage: node bench/cached-build.ts [rounds]. Needs nothing but a built dist/.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const checkout = resolve(import.meta.dirname, '..')
const rounds = Number(process.argv[2] ?? 30)
const work = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env
const env = { ...rest, LONGSHORE_ROOT: join(work, 'store') }

function time(command: string, args: readonly string[]): number {
  const start = process.hrtime.bigint()
  const result = spawnSync(command, args, { env, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`)
  return Number(process.hrtime.bigint() - start) / 1e6
}

function summary(times: readonly number[]): { readonly min: number; readonly median: number } {
  const sorted = [...times].sort((a, b) => a - b)
  return { min: sorted[0] ?? 0, median: sorted[Math.floor(sorted.length / 2)] ?? 0 }
}

const context = join(work, 'context')
mkdirSync(join(context, 'src'), { recursive: true })
for (let index = 0; index < 200; index++)
  writeFileSync(join(context, 'src', `file-${index}.txt`), `file ${index}\n`.repeat(50))
cpSync('/bin/busybox', join(context, 'busybox'))
writeFileSync(
  join(context, 'Dockerfile'),
  [
    'FROM scratch AS build',
    'COPY busybox /bin/busybox',
    'SHELL ["/bin/busybox", "sh", "-c"]',
    'WORKDIR /app',
    'COPY src/ ./src/',
    'RUN cat src/* | /bin/busybox wc -c > size',
    'RUN echo built >> size',
    'FROM scratch',
    'COPY --from=build /app/size /size',
    'CMD ["/size"]',
  ].join('\n'),
)

const launcher = join(checkout, 'bin/longshore')
const node = join(checkout, 'node_modules/node/bin/node')
const buildArgs = ['build', '-q', '-t', 'bench', context]
try {
  time(launcher, buildArgs)
  const bare: number[] = []
  const cached: number[] = []
  for (let round = 0; round < rounds; round++) {
    bare.push(time(node, ['-e', '0']))
    cached.push(time(launcher, buildArgs))
  }
  const [a, b] = [summary(bare), summary(cached)]
  const show = ({ min, median }: typeof a): string => `min ${min.toFixed(0)} ms, median ${median.toFixed(0)} ms`
  console.log(`node -e 0           ${show(a)}`)
  console.log(`cached build        ${show(b)}   (200 context files, 6 steps)`)
  console.log(`ratio               min ${(b.min / a.min).toFixed(2)}, median ${(b.median / a.median).toFixed(2)}`)
} finally {
  rmSync(work, { recursive: true, force: true })
}
