/**
 * A monorepo of fifty packages with twelve images and one lock file, beside Debian's docker.io (BuildKit): the same Dockerfile,
 * whose `# longshore:workspace` docker takes for a comment, built for each image after each change. Prints seconds and executed
 * steps as a table. Needs root, and the Debian packages docker.io, runc and busybox-static. Usage: node bench/monorepo.ts
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { docker, startOracle, stopOracle } from '../test/conformance/docker-daemon.ts'
import {
  closureOf,
  type Monorepo,
  type MonorepoPackage,
  makeMonorepo,
  monorepoFiles,
} from '../test/support/monorepo.ts'
import { baseImage, prepareBase } from './scenarios.ts'

const applications = 12
const images = Array.from({ length: applications }, (_, index) => `app${index}`)
const home = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
const context = join(home, 'context')
const { NODE_EXTRA_CA_CERTS: _, ...ownEnv } = process.env

/** Fetching needs the lock file alone, as `pnpm fetch` does; building needs the rest. Each takes half a second. */
const dockerfile = `FROM ${baseImage}
ARG APP
WORKDIR /app
# longshore:workspace @mono/\${APP}
COPY package-lock.json ./
RUN sleep 0.5 && cat package-lock.json > fetched
# longshore:workspace @mono/\${APP}
COPY . .
RUN sleep 0.5 && cat fetched apps/$APP/index.js > built
`

function write(mono: Monorepo): void {
  rmSync(context, { recursive: true, force: true })
  const files = [
    ...monorepoFiles(mono, 'npm'),
    ['Dockerfile', dockerfile],
    ['.dockerignore', 'Dockerfile\n.dockerignore\n'],
  ]
  for (const [path = '', text = ''] of files) {
    mkdirSync(dirname(join(context, path)), { recursive: true })
    writeFileSync(join(context, path), text)
  }
}

interface Measured {
  readonly seconds: number
  /** Steps that were executed, of all images. */
  readonly steps: number
}

/** Builds every image, one after the other, and counts what plain progress shows as executed. */
function buildAll(command: readonly string[], env: NodeJS.ProcessEnv): Measured {
  let steps = 0
  const start = process.hrtime.bigint()
  for (const image of images) {
    const [program = '', ...words] = [
      ...command,
      '--progress=plain',
      '--build-arg',
      `APP=${image}`,
      '-t',
      image,
      context,
    ]
    const { status, stderr } = spawnSync(program, words, { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    const all = [...stderr.matchAll(/^#(\d+) \[[^\]]*\d+\/\d+\] (?:COPY|RUN|WORKDIR)/gm)].map(([, number]) => number)
    const cached = new Set([...stderr.matchAll(/^#(\d+) CACHED/gm)].map(([, number]) => number))
    steps += new Set(all.filter((number) => !cached.has(number))).size
  }
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, steps }
}

let mono = makeMonorepo(50, applications)
const edit = (one: MonorepoPackage, part: Partial<MonorepoPackage>): void => {
  mono = { ...mono, packages: mono.packages.map((other) => (other.name === one.name ? { ...other, ...part } : other)) }
}
const users = (one: MonorepoPackage): number =>
  images.filter((image) => closureOf(mono, `@mono/${image}`).has(one.directory)).length
const named = (count: (users: number) => boolean): MonorepoPackage => {
  const found = mono.packages.find((one) => count(users(one)))
  if (found === undefined) throw new Error('no such package')
  return found
}

const scenarios: readonly { readonly name: string; readonly change: () => void }[] = [
  { name: 'first build', change: () => undefined },
  { name: 'no change', change: () => undefined },
  {
    name: 'a package that no image needs is edited',
    change: () =>
      edit(
        named((count) => count === 0),
        { source: 'a\n' },
      ),
  },
  {
    name: 'the lock file changes for such a package',
    change: () =>
      edit(
        named((count) => count === 0),
        { libraries: { 'lib-3': '3.0.0' } },
      ),
  },
  {
    name: 'an application is edited',
    change: () =>
      edit(
        named((count) => count === 1),
        { source: 'b\n' },
      ),
  },
  {
    name: 'a package that some images need is edited',
    change: () =>
      edit(
        named((count) => count > 2 && count < 7),
        { source: 'c\n' },
      ),
  },
]

const oracle = await startOracle()
try {
  const base = join(home, 'base')
  prepareBase(base)
  const own = [resolve(import.meta.dirname, '../bin/longshore'), 'build']
  const builders = [
    { name: 'longshore', command: own, env: { ...ownEnv, LONGSHORE_ROOT: join(home, 'longshore') } },
    { name: 'docker', command: [docker, 'build', '--network', 'host'], env: oracle.env },
  ]
  for (const { command, env } of builders) {
    const [program = '', ...words] = command
    const { status, stderr } = spawnSync(program, [...words, '-q', '-t', baseImage, base], { env, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  console.log(
    '| twelve images, fifty packages | longshore | steps | docker 20.10 | steps |\n| --- | ---: | ---: | ---: | ---: |',
  )
  for (const { name, change } of scenarios) {
    change()
    write(mono)
    const cells = builders.map(({ command, env }) => {
      const { seconds, steps } = buildAll(command, env)
      return `${seconds.toFixed(1)} s | ${steps}`
    })
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
} finally {
  await stopOracle(oracle)
  rmSync(home, { recursive: true, force: true })
}
