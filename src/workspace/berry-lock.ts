import { parseSyml, stringifySyml } from '@yarnpkg/parsers'
import { isTable, rememberingLast, type Table, textOf, textsOf } from './json-value.ts'
import { lineOf } from './npm-lock.ts'
import { lockNotSupported, manifestPath, outdated } from './problem.ts'
import type { LockRequest, LockSlice, WorkspacePackage, WorkspaceProblem } from './types.ts'

const command = 'yarn install --mode=update-lockfile'
const metadata = '__metadata'

/** An entry: the descriptors it stands for, and what it says. */
interface Entry {
  readonly descriptors: readonly string[]
  readonly table: Table
  /** Directory, of a package of the workspace. */
  readonly directory?: string
}

const parseLock = rememberingLast(readLock)

/**
 * Slices `yarn.lock` of yarn 2 and newer, and writes it as yarn does, since `--immutable` compares bytes: of an entry only the
 * descriptors are kept that somebody still asks for.
 */
export function sliceBerryLock({ file, text, packages, start }: LockRequest): LockSlice | WorkspaceProblem {
  const lock = parseLock(text)
  const version = Number(isTable(lock?.[metadata]) ? textOf(lock[metadata], 'version') : undefined)
  if (lock === undefined || !(version >= 4 && version <= 10)) {
    return lockNotSupported(
      `${file}:${lineOf(text, 'version:')}: version ${Number.isNaN(version) ? 'unknown' : version} is not understood`,
      'versions 4 to 10 are, which yarn 2 to 4 write',
    )
  }
  const entries = readEntries(lock)
  const slicer = new Slicer(entries)
  for (const directory of start)
    if (!slicer.keepDirectory(directory))
      return outdated(
        file,
        manifestPath(''),
        `the package in ${directory === '' ? 'its own folder' : directory}`,
        command,
      )
  slicer.follow()
  const missing = slicer.missing ?? firstForgotten(slicer, packages)
  if (missing !== undefined) return outdated(file, missing.by, missing.descriptor, command)
  const kept = slicer.kept()
  const [header = ''] = /^(?:#[^\n]*\n)*\n?/.exec(text) ?? []
  return {
    kind: 'slice',
    directories: slicer.directories(),
    text: header + stringifySyml({ [metadata]: lock[metadata], ...Object.fromEntries(kept) }),
    entries: new Map(kept.map(([key, table]) => [key, JSON.stringify(table)])),
  }
}

function readLock(text: string): Table | undefined {
  try {
    const value: unknown = parseSyml(text)
    return isTable(value) ? value : undefined
  } catch (error) {
    if (error instanceof Error) return undefined
    throw error
  }
}

function readEntries(lock: Table): readonly Entry[] {
  return Object.entries(lock).flatMap(([key, table]) => {
    if (key === metadata || !isTable(table)) return []
    const [, directory] = /@workspace:(.*)$/.exec(textOf(table, 'resolution') ?? '') ?? []
    const descriptors = key.split(', ')
    return [
      directory === undefined
        ? { descriptors, table }
        : { descriptors, table, directory: directory === '.' ? '' : directory },
    ]
  })
}

class Slicer {
  missing: { readonly by: string; readonly descriptor: string } | undefined
  readonly #byDescriptor = new Map<string, Entry>()
  readonly #byName = new Map<string, Entry[]>()
  /** `patch:` descriptors by the one that they patch. */
  readonly #patches = new Map<string, string[]>()
  readonly #kept = new Map<Entry, Set<string>>()
  readonly #pending: Entry[] = []
  readonly #entries: readonly Entry[]

  constructor(entries: readonly Entry[]) {
    this.#entries = entries
    for (const entry of entries) {
      for (const descriptor of entry.descriptors) {
        this.#byDescriptor.set(descriptor, entry)
        const name = nameOf(descriptor)
        const named = this.#byName.get(name) ?? []
        if (!named.includes(entry)) this.#byName.set(name, [...named, entry])
        const source = patched(descriptor)
        if (source !== undefined) this.#patches.set(source, [...(this.#patches.get(source) ?? []), descriptor])
      }
    }
  }

  /** Keeps a package of the workspace; false when there is none in that directory. */
  keepDirectory(directory: string): boolean {
    const entry = this.#entries.find((one) => one.directory === directory)
    if (entry === undefined) return false
    this.#keep(entry)
    return true
  }

  /** Keeps all that is asked for. */
  follow(): void {
    for (let entry = this.#pending.pop(); entry !== undefined; entry = this.#pending.pop()) {
      const by = textOf(entry.table, 'resolution') ?? ''
      for (const [name, range] of Object.entries(textsOf(entry.table, 'dependencies'))) {
        if (!this.#keepRange(name, range)) this.missing ??= { by, descriptor: `${name}@${range}` }
      }
    }
  }

  /** What is kept, under the descriptors that are asked for, as yarn writes them. */
  kept(): readonly (readonly [string, Table])[] {
    return this.#entries.flatMap((entry) => {
      const descriptors = this.#kept.get(entry)
      return descriptors === undefined ? [] : [[[...descriptors].sort().join(', '), entry.table] as const]
    })
  }

  directories(): ReadonlySet<string> {
    return new Set([...this.#kept.keys()].flatMap(({ directory }) => directory ?? []))
  }

  /** Names that the entry of a directory asks for. */
  dependenciesOf(directory: string): readonly string[] {
    const entry = this.#entries.find((one) => one.directory === directory)
    return entry === undefined ? [] : Object.keys(textsOf(entry.table, 'dependencies'))
  }

  #keep(entry: Entry, descriptor?: string): void {
    const known = this.#kept.get(entry)
    const descriptors = known ?? new Set<string>()
    // A package of the workspace always goes by its own place.
    const own = entry.descriptors.filter((one) =>
      one.endsWith(`@workspace:${entry.directory === '' ? '.' : entry.directory}`),
    )
    for (const one of descriptor === undefined ? own : [...own, descriptor]) descriptors.add(one)
    this.#kept.set(entry, descriptors)
    if (known === undefined) this.#pending.push(entry)
  }

  #keepRange(name: string, range: string): boolean {
    const wanted = [`${name}@${range}`, `${name}@npm:${range}`]
    const descriptor = wanted.find((one) => this.#byDescriptor.has(one))
    if (descriptor !== undefined) return this.#keepDescriptor(descriptor)
    // Where resolutions make something else of a range, all that has the name is kept.
    const others = (this.#byName.get(name) ?? []).filter(({ directory }) => directory === undefined)
    for (const one of others.flatMap(({ descriptors }) => descriptors)) this.#keepDescriptor(one)
    return others.length > 0
  }

  #keepDescriptor(descriptor: string): boolean {
    const entry = this.#byDescriptor.get(descriptor)
    if (entry === undefined) return false
    if (this.#kept.get(entry)?.has(descriptor) === true) return true
    this.#keep(entry, descriptor)
    const source = patched(descriptor)
    for (const one of [...(this.#patches.get(descriptor) ?? []), ...(source === undefined ? [] : [source])])
      this.#keepDescriptor(one)
    return true
  }
}

/** What a `patch:` descriptor is made of. */
function patched(descriptor: string): string | undefined {
  const [, source] = /^@?[^@]+@patch:([^#]+)#/.exec(descriptor) ?? []
  return source === undefined ? undefined : decodeURIComponent(source)
}

/** The name in front of the range. */
function nameOf(descriptor: string): string {
  return descriptor.slice(0, descriptor.indexOf('@', 1))
}

/** A dependency of a manifest that its entry does not have. */
function firstForgotten(
  slicer: Slicer,
  packages: ReadonlyMap<string, WorkspacePackage>,
): { readonly by: string; readonly descriptor: string } | undefined {
  for (const directory of slicer.directories()) {
    const manifest = packages.get(directory)?.manifest
    const known = new Set(slicer.dependenciesOf(directory))
    const wanted = Object.entries({ ...manifest?.devDependencies, ...manifest?.dependencies })
    const found = wanted.find(([name]) => !known.has(name))
    if (found !== undefined) return { by: manifestPath(directory), descriptor: found.join('@') }
  }
  return undefined
}
