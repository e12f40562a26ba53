import { isTable, parseTable, rememberingLast, type Table, tableOf, textOf, textsOf } from './json-value.ts'
import { lockNotSupported, manifestPath, outdated } from './problem.ts'
import type { LockRequest, LockSlice, WorkspaceProblem } from './types.ts'

const command = 'npm install --package-lock-only'

/** How a dependency is asked for. A package reached in one way only carries that as a flag. */
interface Way {
  readonly dev: boolean
  readonly optional: boolean
  readonly peer: boolean
}

interface Edge extends Way {
  readonly name: string
}

/** Entries of `packages` that are reached, with the ways that lead there. */
type Reached = Map<string, Map<string, Way>>

const parseLock = rememberingLast(parseTable)

/**
 * Slices `package-lock.json` of versions 2 and 3. Entries stay where they are: npm finds each dependency where it found it in
 * the whole, so nothing is resolved anew. Flags (`dev`, `optional`, `peer`) are those that the slice gives.
 */
export function sliceNpmLock({ file, text, packages, start }: LockRequest): LockSlice | WorkspaceProblem {
  const lock = parseLock(text)
  const version = lock?.['lockfileVersion']
  if (lock === undefined) return unreadable(file)
  if (version !== 2 && version !== 3) {
    return lockNotSupported(
      `${file}:${lineOf(text, '"lockfileVersion"')}: lockfileVersion ${JSON.stringify(version)} is not understood`,
      `versions 2 and 3 are, which npm 7 and newer write: run ${command}`,
    )
  }
  const entries = new Map(
    Object.entries(tableOf(lock, 'packages')).filter((entry): entry is [string, Table] => isTable(entry[1])),
  )
  for (const directory of start) {
    if (!entries.has(directory))
      return outdated(
        file,
        manifestPath(''),
        `the package in ${directory === '' ? 'its own folder' : directory}`,
        command,
      )
  }
  const reached = reach(entries, start)
  const missing = firstMissing(entries, packages, reached)
  if (missing !== undefined) return outdated(file, manifestPath(missing.directory), missing.name, command)
  keepBundled(entries, reached)
  const kept = [...entries].flatMap(([path, entry]) => {
    const ways = reached.get(path)
    return ways === undefined ? [] : [[path, withFlags(entry, ways)] as const]
  })
  const dependencies = isTable(lock['dependencies'])
    ? { dependencies: oldTree(lock['dependencies'], '', entries, reached) }
    : {}
  const sliced = { ...lock, packages: Object.fromEntries(kept), ...dependencies }
  return {
    kind: 'slice',
    directories: new Set([...packages.keys()].filter((directory) => reached.has(directory))),
    text: `${JSON.stringify(sliced, null, 2)}\n`,
    entries: new Map(kept.map(([path, entry]) => [path === '' ? '.' : path, JSON.stringify(entry)])),
  }
}

function unreadable(file: string): WorkspaceProblem {
  return lockNotSupported(`${file} is no JSON object`, `resolve what git left in it, or run ${command}`)
}

/** One-based line of a text. */
export function lineOf(text: string, part: string): number {
  return text.slice(0, Math.max(0, text.indexOf(part))).split('\n').length
}

function reach(entries: ReadonlyMap<string, Table>, start: readonly string[]): Reached {
  const reached: Reached = new Map()
  const pending: (readonly [string, Way])[] = []
  const visit = (path: string, way: Way): void => {
    const ways = reached.get(path) ?? new Map<string, Way>()
    const key = JSON.stringify(way)
    if (ways.has(key)) return
    reached.set(path, ways.set(key, way))
    pending.push([path, way])
  }
  const plain = { dev: false, optional: false, peer: false }
  for (const directory of start) {
    visit(directory, plain)
    // The link by which npm puts a package of the workspace into node_modules.
    for (const [path, entry] of entries)
      if (directory !== '' && entry['link'] === true && entry['resolved'] === directory) visit(path, plain)
  }
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [path, way] = next
    const entry = entries.get(path) ?? {}
    const target = entry['link'] === true ? textOf(entry, 'resolved') : undefined
    if (target !== undefined && entries.has(target)) visit(target, way)
    for (const edge of edgesOf(path, entry)) {
      const found = resolve(entries, path, edge.name)
      if (found === undefined) continue
      visit(found, {
        dev: way.dev || edge.dev,
        optional: way.optional || edge.optional,
        peer: way.peer || edge.peer,
      })
    }
  }
  return reached
}

/** What an entry asks for: development dependencies only where it is a folder of the workspace; no optional peers. */
function edgesOf(path: string, entry: Table): readonly Edge[] {
  const edges = new Map<string, Edge>()
  const add = (names: Readonly<Record<string, string>>, way: Partial<Way>): void => {
    for (const name of Object.keys(names)) edges.set(name, { name, dev: false, optional: false, peer: false, ...way })
  }
  const optionalPeers = tableOf(entry, 'peerDependenciesMeta')
  const peers = Object.entries(textsOf(entry, 'peerDependencies')).filter(([name]) => {
    const meta = optionalPeers[name]
    return !(isTable(meta) && meta['optional'] === true)
  })
  add(Object.fromEntries(peers), { peer: true })
  if (!/(?:^|\/)node_modules\//.test(path)) add(textsOf(entry, 'devDependencies'), { dev: true })
  add(textsOf(entry, 'dependencies'), {})
  add(textsOf(entry, 'optionalDependencies'), { optional: true })
  return [...edges.values()]
}

/** Where Node finds a package that the one at `path` asks for: in its own node_modules, or in those above. */
function resolve(entries: ReadonlyMap<string, Table>, path: string, name: string): string | undefined {
  for (let directory = path; ; directory = directory.slice(0, Math.max(0, directory.lastIndexOf('/')))) {
    const candidate = directory === '' ? `node_modules/${name}` : `${directory}/node_modules/${name}`
    if (entries.has(candidate)) return candidate
    if (directory === '') return undefined
  }
}

/** A dependency of a manifest that the lock file has nothing for. */
function firstMissing(
  entries: ReadonlyMap<string, Table>,
  packages: LockRequest['packages'],
  reached: Reached,
): { readonly directory: string; readonly name: string } | undefined {
  for (const { directory, manifest } of packages.values()) {
    if (!reached.has(directory)) continue
    for (const name of Object.keys({ ...manifest.devDependencies, ...manifest.dependencies }))
      if (!Object.hasOwn(manifest.optionalDependencies, name) && resolve(entries, directory, name) === undefined)
        return { directory, name }
  }
  return undefined
}

/** What a kept package brings along in its own archive. */
function keepBundled(entries: ReadonlyMap<string, Table>, reached: Reached): void {
  for (const [path, entry] of entries) {
    if (entry['inBundle'] !== true || reached.has(path)) continue
    let owner = path
    while (entries.get(owner)?.['inBundle'] === true)
      owner = owner.slice(0, Math.max(0, owner.lastIndexOf('/node_modules/')))
    const ways = reached.get(owner)
    if (ways !== undefined) reached.set(path, ways)
  }
}

/** npm's flags, as its arborist has them. They come last, so that their place says nothing of the whole. */
function withFlags(entry: Table, ways: ReadonlyMap<string, Way>): Table {
  const all = [...ways.values()]
  const { dev: _dev, optional: _optional, devOptional: _devOptional, peer: _peer, ...rest } = entry
  const dev = all.every((way) => way.dev)
  const optional = all.every((way) => way.optional)
  return {
    ...rest,
    ...(dev ? { dev } : {}),
    ...(optional ? { optional } : {}),
    ...(!dev && !optional && all.every((way) => way.dev || way.optional) ? { devOptional: true } : {}),
    ...(all.every((way) => way.peer) ? { peer: true } : {}),
  }
}

/** The tree of version 1 that version 2 has beside, for npm 6. */
function oldTree(tree: Table, prefix: string, entries: ReadonlyMap<string, Table>, reached: Reached): Table {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([name, value]) => {
      const path = `${prefix}node_modules/${name}`
      const ways = reached.get(path)
      if (ways === undefined || !isTable(value)) return []
      const inner = entries.get(path)?.['link'] === true ? textOf(entries.get(path) ?? {}, 'resolved') : path
      const below = isTable(value['dependencies'])
        ? { dependencies: oldTree(value['dependencies'], `${inner}/`, entries, reached) }
        : {}
      return [[name, { ...withFlags(value, ways), ...below }]]
    }),
  )
}
