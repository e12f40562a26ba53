import { dump, load, YAMLException } from 'js-yaml'
import { joinDirectory } from './find-packages.ts'
import { isTable, rememberingLast, type Table, tableOf, textOf, textsOf } from './json-value.ts'
import { lineOf } from './npm-lock.ts'
import { lockNotSupported, manifestPath, outdated } from './problem.ts'
import type { LockRequest, LockSlice, WorkspacePackage, WorkspaceProblem } from './types.ts'

const command = 'pnpm install --lockfile-only'
const workspaceFile = 'pnpm-workspace.yaml'

interface Reached {
  /** Whether something other than development asks for it, and whether development does. */
  prod: boolean
  dev: boolean
  /** Every way there has an optional dependency in it. */
  optional: boolean
}

/** What a lock file says: which tables hold packages, and how they are named. */
interface PnpmLock {
  readonly major: 6 | 9
  readonly importers: Table
  /** What each package is. */
  readonly packages: Table
  /** What each asks for: in version 9 apart. */
  readonly snapshots: Table
}

/** Reads YAML that is a mapping; undefined for anything else. */
export function parseYaml(text: string): Table | undefined {
  try {
    const value: unknown = load(text)
    return isTable(value) ? value : undefined
  } catch (error) {
    if (error instanceof YAMLException) return undefined
    throw error
  }
}

const parseLock = rememberingLast(parseYaml)

/** Globs of `pnpm-workspace.yaml`. */
export function pnpmGlobs(text: string): readonly string[] | undefined {
  const list: unknown = parseYaml(text)?.['packages']
  return Array.isArray(list) ? list.filter((glob): glob is string => typeof glob === 'string') : undefined
}

/**
 * Slices `pnpm-lock.yaml` of versions 6 and 9: the importers that are needed, and what they reach. `workspaceText` is that of
 * `pnpm-workspace.yaml`, whose catalogs are cut down to what is used.
 */
export function slicePnpmLock(
  { file, text, packages, start }: LockRequest,
  workspaceText: string,
): LockSlice | WorkspaceProblem {
  const lock = parseLock(text)
  if (lock === undefined)
    return lockNotSupported(`${file} is no YAML mapping`, `resolve what git left in it, or run ${command}`)
  const read = readLock(lock)
  if (read === undefined) {
    const version = JSON.stringify(lock['lockfileVersion'])
    return lockNotSupported(
      `${file}:${lineOf(text, 'lockfileVersion')}: lockfileVersion ${version} is not understood`,
      'versions 6 and 9 are, which pnpm 8, 9 and 10 write',
    )
  }
  const directories = reachImporters(read, start.map(importerName))
  const missing = directories.find((name) => !isTable(read.importers[name]))
  if (missing !== undefined) return outdated(file, manifestPath(''), `the package in ${missing}`, command)
  const forgotten = firstForgotten(read, lock, packages, directories)
  if (forgotten !== undefined) return outdated(file, manifestPath(forgotten.directory), forgotten.name, command)
  const reached = reachPackages(read, directories)
  if (typeof reached === 'string') return outdated(file, file, reached, command)
  const catalogs = usedCatalogs(lock, read.importers, directories)
  const sliced = sliceTables(lock, read, directories, reached, catalogs)
  const others = sliceCatalogs(workspaceText, catalogs)
  return {
    kind: 'slice',
    directories: new Set(directories.map((name) => (name === '.' ? '' : name))),
    text: writeYaml(sliced),
    entries: entriesOf(sliced),
    ...(others === undefined ? {} : { others: new Map([[workspaceFile, others]]) }),
  }
}

function readLock(lock: Table): PnpmLock | undefined {
  const version = String(lock['lockfileVersion'])
  const importers = tableOf(lock, 'importers')
  const packages = tableOf(lock, 'packages')
  if (/^9\./.test(version)) return { major: 9, importers, packages, snapshots: tableOf(lock, 'snapshots') }
  return /^6\./.test(version) ? { major: 6, importers, packages, snapshots: packages } : undefined
}

function importerName(directory: string): string {
  return directory === '' ? '.' : directory
}

const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const

/** Names and versions that an importer asks for, of one kind. */
function versionsOf(importer: unknown, kind: (typeof kinds)[number]): readonly (readonly [string, string])[] {
  if (!isTable(importer)) return []
  return Object.entries(tableOf(importer, kind)).flatMap(([name, value]) => {
    const version = isTable(value) ? textOf(value, 'version') : undefined
    return version === undefined ? [] : [[name, version] as const]
  })
}

/** Importers that are needed, in the order of the lock file: those given, and what they link to. */
function reachImporters({ importers }: PnpmLock, start: readonly string[]): readonly string[] {
  const found = new Set<string>()
  const pending = [...start]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (found.has(name)) continue
    found.add(name)
    for (const [, version] of kinds.flatMap((kind) => versionsOf(importers[name], kind))) {
      // A link is seen from the importer, the folder of an injected package from the root.
      const [, way, path = ''] = /^(?:.*@)?(link|file):([^()]*)/.exec(version) ?? []
      const target = way === undefined ? undefined : joinDirectory(way === 'file' || name === '.' ? '' : name, path)
      if (target !== undefined && isTable(importers[importerName(target)])) pending.push(importerName(target))
    }
  }
  return [
    ...Object.keys(importers).filter((name) => found.has(name)),
    ...[...found].filter((name) => !Object.hasOwn(importers, name)),
  ]
}

/** A dependency of a manifest that its importer does not have. Where dependencies are rewritten, that may be meant. */
function firstForgotten(
  { importers }: PnpmLock,
  lock: Table,
  packages: ReadonlyMap<string, WorkspacePackage>,
  directories: readonly string[],
): { readonly directory: string; readonly name: string } | undefined {
  if ('overrides' in lock || 'packageExtensionsChecksum' in lock || 'pnpmfileChecksum' in lock) return undefined
  for (const importer of directories) {
    const directory = importer === '.' ? '' : importer
    const manifest = packages.get(directory)?.manifest
    const known = new Set(kinds.flatMap((kind) => versionsOf(importers[importer], kind).map(([name]) => name)))
    const wanted = Object.keys({ ...manifest?.devDependencies, ...manifest?.dependencies })
    const name = wanted.find((one) => !known.has(one) && !Object.hasOwn(manifest?.optionalDependencies ?? {}, one))
    if (name !== undefined) return { directory, name }
  }
  return undefined
}

/** Every package that the importers reach, by its name among `snapshots`; the text of one that is not there. */
function reachPackages(lock: PnpmLock, directories: readonly string[]): ReadonlyMap<string, Reached> | string {
  const reached = new Map<string, Reached>()
  const pending: (readonly [key: string, dev: boolean, optional: boolean])[] = []
  let missing: string | undefined
  const visit = (name: string, version: string, dev: boolean, optional: boolean): void => {
    if (version.startsWith('link:')) return
    const key = [version, `${name}@${version}`, `/${name}@${version}`].find((one) => Object.hasOwn(lock.snapshots, one))
    if (key === undefined) missing ??= `${name}@${version}`
    else pending.push([key, dev, optional])
  }
  for (const directory of directories)
    for (const kind of kinds)
      for (const [name, version] of versionsOf(lock.importers[directory], kind))
        visit(name, version, kind === 'devDependencies', kind === 'optionalDependencies')
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [key, dev, optional] = next
    const before = reached.get(key)
    const after = {
      prod: before?.prod === true || !dev,
      dev: before?.dev === true || dev,
      optional: (before?.optional ?? true) && optional,
    }
    if (before?.prod === after.prod && before.dev === after.dev && before.optional === after.optional) continue
    reached.set(key, after)
    const entry = lock.snapshots[key]
    if (!isTable(entry)) continue
    for (const [name, version] of Object.entries(textsOf(entry, 'dependencies'))) visit(name, version, dev, optional)
    for (const [name, version] of Object.entries(textsOf(entry, 'optionalDependencies')))
      visit(name, version, dev, true)
  }
  return missing ?? reached
}

/** A package's name without the peers that it was resolved with. */
function withoutPeers(key: string): string {
  const at = key.indexOf('(')
  return at < 0 ? key : key.slice(0, at)
}

function sliceTables(
  lock: Table,
  read: PnpmLock,
  directories: readonly string[],
  reached: ReadonlyMap<string, Reached>,
  catalogs: Catalogs | undefined,
): Table {
  const names = new Set([...reached.keys()].map(withoutPeers))
  const flagged = (table: Table): Table =>
    only(
      table,
      (key) => reached.has(key),
      (key, value) => withFlags(read.major, value, reached.get(key)),
    )
  const sliced: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(lock)) {
    const table = isTable(value) ? value : {}
    if (name === 'importers') sliced[name] = only(table, (key) => directories.includes(key))
    else if (name === 'snapshots') sliced[name] = flagged(table)
    else if (name === 'packages')
      sliced[name] = read.major === 6 ? flagged(table) : only(table, (key) => names.has(key))
    else if (name === 'time') sliced[name] = only(table, (key) => names.has(key))
    else if (name === 'catalogs' && catalogs !== undefined) {
      const kept = Object.entries(table).map(([catalog, entries]) => {
        const used = catalogs.get(catalog)
        return [catalog, isTable(entries) ? only(entries, (key) => used?.has(key) === true) : entries] as const
      })
      const filled = kept.filter(([, entries]) => !isTable(entries) || Object.keys(entries).length > 0)
      if (filled.length > 0) sliced[name] = Object.fromEntries(filled)
    } else sliced[name] = value
  }
  return sliced
}

function only(
  table: Table,
  keeps: (key: string) => boolean,
  change: (key: string, value: unknown) => unknown = (_key, value) => value,
): Table {
  return Object.fromEntries(
    Object.entries(table).flatMap(([key, value]) => (keeps(key) ? [[key, change(key, value)] as const] : [])),
  )
}

/** pnpm's flags as the slice gives them. They come last, so that their place says nothing of the whole. */
function withFlags(major: 6 | 9, value: unknown, reached: Reached | undefined): unknown {
  if (!isTable(value) || reached === undefined) return value
  const { dev: _dev, optional: _optional, ...rest } = value
  const isShared = reached.dev && reached.prod
  return {
    ...rest,
    ...(major === 9 || isShared ? {} : { dev: reached.dev }),
    ...(reached.optional ? { optional: true } : {}),
  }
}

/** Names used of each catalog. */
type Catalogs = ReadonlyMap<string, ReadonlySet<string>>

/** What importers take from catalogs; undefined when that cannot be told, since overrides may take from them, too. */
function usedCatalogs(lock: Table, importers: Table, directories: readonly string[]): Catalogs | undefined {
  if ('overrides' in lock) return undefined
  const used = new Map<string, Set<string>>()
  for (const importer of directories.map((directory) => importers[directory]))
    for (const kind of kinds)
      for (const [name, value] of Object.entries(isTable(importer) ? tableOf(importer, kind) : {})) {
        const specifier = isTable(value) ? textOf(value, 'specifier') : undefined
        if (specifier?.startsWith('catalog:') !== true) continue
        const catalog = specifier.slice('catalog:'.length).trim() || 'default'
        used.set(catalog, (used.get(catalog) ?? new Set()).add(name))
      }
  return used
}

/** `pnpm-workspace.yaml` with what is used of its catalogs; undefined when it has none. */
function sliceCatalogs(text: string, used: Catalogs | undefined): string | undefined {
  const table = parseYaml(text)
  if (table === undefined || used === undefined || !('catalog' in table || 'catalogs' in table)) return undefined
  const keep = (catalog: string, entries: unknown): unknown =>
    isTable(entries) ? only(entries, (name) => used.get(catalog)?.has(name) === true) : entries
  const sliced = Object.entries(table).map(([name, value]) => {
    if (name === 'catalog') return [name, keep('default', value)]
    if (name !== 'catalogs' || !isTable(value)) return [name, value]
    const filled = Object.entries(value).filter(([catalog]) => used.has(catalog))
    return [name, Object.fromEntries(filled.map(([catalog, entries]) => [catalog, keep(catalog, entries)]))]
  })
  return writeYaml(Object.fromEntries(sliced))
}

function writeYaml(table: Table): string {
  return dump(table, { lineWidth: -1, noRefs: true, sortKeys: false })
}

function entriesOf(sliced: Table): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  for (const [name, value] of Object.entries(sliced)) {
    if (['importers', 'packages', 'snapshots'].includes(name) && isTable(value))
      for (const [key, entry] of Object.entries(value)) entries.set(`${name}: ${key}`, JSON.stringify(entry))
    else entries.set(name, JSON.stringify(value))
  }
  return entries
}
