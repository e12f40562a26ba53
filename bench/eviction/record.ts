/**
 * Records a history of builds from the git history of this repository: after each of the last 200 commits of all its branches, in the
 * order of their dates, its rooms are tested as a monorepo tests its parts, each in a stage that takes only what it depends on. Which files
 * changed, their sizes, and so which steps are the same are as they were; how long a kind of step runs and what it
 * leaves is set by hand (`durations`), near what it takes on two processors. Usage: node bench/eviction/record.ts > bench/eviction/history.json
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'

const builds = 200
const MB = 1_000_000

/** Rooms of the repository and what a test of each takes. */
const parts: Readonly<Record<string, readonly string[]>> = {
  base: ['src/base', 'test/base'],
  oci: ['src/base', 'src/oci', 'test/oci'],
  grammar: ['src/base', 'grammar', 'test/grammar'],
  dockerfile: ['src/base', 'grammar', 'src/dockerfile', 'test/dockerfile', 'fixtures/golden'],
  ir: ['src/base', 'src/oci', 'grammar', 'src/dockerfile', 'src/ir', 'test/ir', 'fixtures/errors'],
  plan: ['src/base', 'src/oci', 'src/ir', 'src/plan', 'test/plan'],
  build: ['src/base', 'src/oci', 'src/ir', 'src/plan', 'src/ports', 'src/build', 'test/build', 'test/support'],
  context: ['src/base', 'src/ports', 'src/context', 'test/context'],
  snapshot: ['src/base', 'src/ports', 'src/sys', 'src/snapshot', 'test/snapshot'],
  layer: ['src/base', 'src/ports', 'src/sys', 'src/layer', 'test/layer'],
  sandbox: ['src/base', 'src/ports', 'src/sys', 'src/sandbox', 'test/sandbox'],
  store: ['src/base', 'src/oci', 'src/ports', 'src/sys', 'src/store', 'test/store', 'test/support'],
  registry: ['src/base', 'src/oci', 'src/http', 'src/registry', 'test/registry', 'test/support'],
  remote: ['src/base', 'src/http', 'src/remote', 'test/remote', 'test/support'],
  report: ['src/base', 'src/plan', 'src/build', 'src/report', 'test/report'],
  network: ['src/base', 'src/sys', 'src/network', 'test/network'],
}

/** Milliseconds, set by hand: the tests of each room, and the steps before them. */
const durations: Readonly<Record<string, number>> = {
  packages: 21_000,
  install: 19_000,
  copy: 150,
  bundle: 2_400,
  types: 3_100,
  conformance: 96_000,
  ...{
    base: 3_100,
    oci: 1_900,
    grammar: 2_600,
    dockerfile: 6_400,
    ir: 7_800,
    plan: 1_700,
    build: 1_900,
    context: 5_200,
  },
  ...{ snapshot: 5_900, layer: 9_700, sandbox: 21_000, store: 4_800, registry: 14_500, remote: 12_300, report: 2_200 },
  ...{ network: 16_800 },
}

interface RecordedStep {
  readonly ms: number
  readonly bytes: number
  /** Step that has to be there first; -1 for none. */
  readonly on: number
}

const steps: RecordedStep[] = []
const known = new Map<string, number>()

/** Number of the step with this identity. */
function step(key: string, made: RecordedStep): number {
  const name = createHash('sha256').update(key).digest('hex')
  const number = known.get(name) ?? steps.push(made) - 1
  known.set(name, number)
  return number
}

function git(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', args, { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

/** Files of a commit: path → blob and size. */
function filesOf(commit: string): ReadonlyMap<string, { readonly blob: string; readonly bytes: number }> {
  const lines = git('ls-tree', '--full-tree', '-r', '-l', '-z', commit).split('\0').slice(0, -1)
  return new Map(
    lines.map((line) => {
      const [head = '', path = ''] = line.split('\t')
      const [, , blob = '', size = ''] = head.split(/\s+/)
      return [path, { blob, bytes: Number(size) }] as const
    }),
  )
}

/** Steps of the build of a commit, in order. */
function buildOf(commit: string): readonly number[] {
  const files = filesOf(commit)
  const taken: number[] = []
  const add = (key: string, on: number, ms: number, bytes: number): number => {
    const number = step(`${key} on ${on}`, { ms, bytes, on })
    taken.push(number)
    return number
  }
  /** A COPY of folders, and the RUN on it. */
  const stage = (name: string, on: number, folders: readonly string[], resultBytes: number): void => {
    const chosen = [...files].filter(([path]) =>
      folders.some((folder) => path === folder || path.startsWith(`${folder}/`)),
    )
    if (chosen.length === 0) return
    const content = chosen.map(([path, { blob }]) => `${path} ${blob}`).join('\n')
    const bytes = chosen.reduce((sum, [, file]) => sum + 1024 + file.bytes, 0)
    const copied = add(`copy ${content}`, on, durations['copy'] ?? 0, bytes)
    add(`run ${name}`, copied, durations[name] ?? 0, resultBytes)
  }
  const packages = add('apt-get install', -1, durations['packages'] ?? 0, 88 * MB)
  const locked = files.get('package-lock.json')
  if (locked === undefined) return taken
  const lock = add(`copy ${locked.blob}`, packages, durations['copy'] ?? 0, locked.bytes)
  const install = add('npm ci', lock, durations['install'] ?? 0, 302 * MB)
  stage('types', install, ['src', 'grammar', 'test', 'tsconfig.json'], 10_000)
  stage('bundle', install, ['src', 'grammar', 'scripts'], 3 * MB)
  for (const [name, folders] of Object.entries(parts)) {
    // A room that has no tests yet has no stage.
    if ([...files.keys()].some((path) => path.startsWith(`test/${name}/`))) stage(name, install, folders, 40_000)
  }
  stage('conformance', install, ['src', 'grammar', 'fixtures', 'test/conformance', 'test/e2e', 'test/support'], 2 * MB)
  return taken
}

const commits = git('log', '--all', `--max-count=${builds}`, '--date-order', '--format=%H %ct')
  .trim()
  .split('\n')
  .reverse()
const history = commits.map((line) => {
  const [commit = '', seconds = ''] = line.split(' ')
  return { atMs: Number(seconds) * 1000, steps: buildOf(commit) }
})
const list = (items: readonly unknown[]): string => items.map((item) => JSON.stringify(item)).join(',\n')
process.stdout.write(`{"steps":[\n${list(steps)}\n],\n"builds":[\n${list(history)}\n]}\n`)
