import type { ContextEntry } from './context-entry.ts'
import type { FuzzCase, Unit } from './fuzz-case.ts'
import type { Random } from './random.ts'
import type { TarEntry } from './tar-bytes.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'l', 'm'] as const
/** The BuildKit that is compared with knows no zstd, and loses fifos and setuid bits of the context: there are none here. */
const packings = ['plain', 'gzip', 'bzip2', 'xz'] as const

/** Stages that copy and unpack over one base tree full of symlinks; the tree of every stage is compared. */
export function copyCase(random: Random, size: number): FuzzCase {
  const entries = contextEntries(random)
  const head = ['FROM scratch AS seed', 'COPY seed/ /', 'FROM seed AS base']
  const sources = { context: pathsOf(entries), seed: seedPaths }
  const units = random.list(1, size, () => stage(random, sources))
  return { head, units, lineEnd: '\n', entries: [...seedEntries(random), ...entries], buildArgs: {} }
}

/** What there may be to copy: some of it is not there. */
interface Sources {
  readonly context: readonly string[]
  readonly seed: readonly string[]
}

function pathsOf(entries: readonly ContextEntry[]): string[] {
  return [...new Set(entries.flatMap(({ path }) => [path, path, path.replace(/\/[^/]*$/, '')]))]
}

function stage(random: Random, sources: Sources): Unit {
  const before = random.chance(25)
    ? [`WORKDIR ${random.pick(['/w', 'w/x', '/d', '/l', '/l/n', '/a', '/dangling', '/up/x', '/abs'])}`]
    : []
  const user = random.chance(8) ? [`USER ${random.pick(['app', '7:8', 'app:staff', '1000'])}`] : []
  return [
    ...user,
    ...before,
    ...random.list(1, 2, () => copyLine(random, sources)),
    ...(random.chance(10) ? [`WORKDIR ${target(random)}`] : []),
  ]
}

function copyLine(random: Random, from: Sources): string {
  const flags = [
    ...(random.chance(20)
      ? [`--chown=${random.pick(['app', '7', '7:8', 'app:staff', '1000:staff', ':8', '0:0', 'root', '07:8'])}`]
      : []),
    ...(random.chance(15) ? [`--from=${random.pick(['0', 'seed', 'base'])}`] : []),
  ]
  const isFrom = flags.some((flag) => flag.startsWith('--from'))
  // The BuildKit that is compared with leaves the owners of an archive.
  const isAdd = flags.length === 0 && random.chance(40)
  const sources = random.list(1, random.chance(75) ? 1 : 3, () => source(random, isFrom ? from.seed : from.context))
  return [isAdd ? 'ADD' : 'COPY', ...flags, ...sources, target(random)].join(' ')
}

function source(random: Random, paths: readonly string[]): string {
  const front = random.pick(['', '', '', '/', './', '../', 'a/../'])
  const path = random.chance(4) ? 'missing' : random.pick(paths)
  return `${front}${varied(random, path)}${random.chance(15) ? '/' : ''}`
}

/** The path itself, or with something in it that means it too, or more or less. */
function varied(random: Random, path: string): string {
  const names = path.split('/')
  const at = random.below(names.length)
  const kind = random.below(100)
  if (kind < 50) return path
  if (kind < 75) return names.with(at, random.pick(['*', '?', '[a-c]', '*', '[^x]', '??', `${names[at]}*`])).join('/')
  if (kind < 85) return [...names, random.pick(['.', '..', '*', '?'])].join('/')
  return names.toSpliced(at, 0, random.pick(['.', '', 'b/..', '..'])).join('/')
}

function target(random: Random): string {
  const path = random
    .list(1, random.chance(70) ? 1 : 3, () =>
      random.pick([
        'b',
        'c',
        'd',
        'e',
        'l',
        'm',
        'f',
        'a',
        'new',
        'n',
        'up',
        'abs',
        'dangling',
        '..',
        '.',
        'tofile',
        'loop',
      ]),
    )
    .join('/')
  return `${random.pick(['/', '/', '/', '', './', '../'])}${path}${random.chance(40) ? '/' : ''}`
}

function contextEntries(random: Random): ContextEntry[] {
  const entries: ContextEntry[] = []
  const path = () => random.list(1, 3, () => random.pick(names)).join('/')
  const known = () => (entries.length === 0 ? 'x' : random.pick(entries).path)
  for (let count = 4 + random.below(7); count > 0; count--) {
    const kind = random.below(100)
    if (kind < 50) {
      const content = random.pick(['', 'x', 'hello\n', 'other\n'])
      entries.push({ kind: 'file', path: path(), content, mode: random.pick([0o644, 0o600, 0o755, 0o444, 0o666]) })
    } else if (kind < 68) {
      entries.push({ kind: 'directory', path: path(), mode: random.pick([0o755, 0o700, 0o777, 0o711]) })
    } else if (kind < 90) {
      const target = random.chance(50) ? linkTarget(random) : `${random.pick(['/', '', '../'])}${known()}`
      entries.push({ kind: 'symlink', path: path(), target })
    } else entries.push({ kind: 'hardlink', path: path(), target: known() })
  }
  return [...entries, ...random.list(0, 2, () => archive(random))]
}

function linkTarget(random: Random): string {
  const inner = random.list(1, 2, () => random.pick([...names, '..', '..', 'nowhere'])).join('/')
  return `${random.pick(['', '', '/', '../', './'])}${inner}`
}

function archive(random: Random): ContextEntry {
  const entries = random.list(0, 6, (): TarEntry => {
    const owner = {
      uid: random.pick([0, 5, 1000]),
      gid: random.pick([0, 6, 50]),
      mode: random.pick([0o644, 0o755, 0o4755, 0o600, 0o1777, 0o2755]),
    }
    const name =
      random.pick(['', '', '', './', '/', '../', 'a/../']) +
      random.list(1, 3, () => random.pick([...names, 'up', 'abs'])).join('/')
    const kind = random.below(100)
    if (kind < 40) return { name, type: 'file', content: random.pick(['', 'tar\n']), ...owner }
    if (kind < 60) return { name: `${name}/`, type: 'directory', ...owner }
    if (kind < 80) return { name, type: 'symlink', target: linkTarget(random), ...owner }
    if (kind < 92)
      return { name, type: 'hardlink', target: random.list(1, 2, () => random.pick(names)).join('/'), ...owner }
    return { name, type: random.pick(['fifo', 'char', 'block']), ...owner }
  })
  return { kind: 'archive', path: random.pick(['t1.tar', 't2', 't3.tar']), packing: random.pick(packings), entries }
}

const seedPaths = [
  'd',
  'd/f',
  'd/e',
  'e',
  'e/a',
  'c',
  'a',
  'l',
  'm',
  'abs',
  'up',
  'dangling',
  'tofile',
  'd/m',
  'd/m/a',
  'c/h',
  '.',
]

/** What every stage is built on: accounts, directories, files, and symlinks of every kind. */
function seedEntries(random: Random): ContextEntry[] {
  const file = (path: string, content: string, mode = 0o644): ContextEntry => ({
    kind: 'file',
    path: `seed/${path}`,
    content,
    mode,
  })
  const link = (path: string, target: string): ContextEntry => ({ kind: 'symlink', path: `seed/${path}`, target })
  const all = [
    file('d/f', 'seed d/f\n', 0o640),
    { kind: 'directory', path: 'seed/d/e', mode: 0o700 } as const,
    file('e/a', 'seed e/a\n'),
    { kind: 'directory', path: 'seed/c', mode: 0o770 } as const,
    file('a', 'seed a\n', 0o755),
    link('l', 'd'),
    link('m', '/e'),
    link('abs', '/d/e'),
    link('up', '../../c'),
    link('dangling', 'missing/x'),
    link('tofile', 'a'),
    link('loop', 'loop'),
    link('d/m', '../e'),
    { kind: 'hardlink', path: 'seed/c/h', target: 'seed/a' } as const,
  ] as const
  return [
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n'),
    file('etc/group', 'root:x:0:\napp:x:1001:\nstaff:x:50:app\n'),
    ...all.filter(() => random.chance(80)),
  ]
}
