import { canonicalHash } from '../base/index.ts'
import type { Store } from '../store/index.ts'
import type { WorkspaceProblem, WorkspaceSlice, WorkspaceSource } from '../workspace/index.ts'

/** Raised when the same files would give another slice than before. */
const memoVersion = 1

/** What slicing looked at: digests of the files it read (null: there was none) and of the lists of folders. */
interface Looks {
  readonly files: Readonly<Record<string, string | null>>
  readonly folders: Readonly<Record<string, string>>
}

/** A slice as it is kept. */
interface KeptSlice extends Looks {
  readonly included: readonly string[]
  readonly hidden: readonly string[]
  readonly replaced: Readonly<Record<string, string>>
  readonly lockFile: string
  readonly entries: Readonly<Record<string, string>>
}

/**
 * A slice of `source`, out of the store when it was made before of the very same files. Slicing is a function of what it reads, so
 * all of that is read again and compared; what is saved is parsing a lock file. `subject` says whose slice it is. Problems are not kept.
 */
export async function rememberedSlice(
  store: Store,
  subject: readonly string[],
  source: WorkspaceSource,
  slice: (source: WorkspaceSource) => Promise<WorkspaceSlice | WorkspaceProblem>,
): Promise<WorkspaceSlice | WorkspaceProblem> {
  const name = `slice-${canonicalHash('longshore.slice/1', { memoVersion, subject }).slice(0, 32)}.json`
  const kept = decode(store.readCache(name))
  if (kept !== undefined && isAsSeen(kept, source)) return sliceOf(kept)
  const files: Record<string, string | null> = {}
  const folders: Record<string, string> = {}
  const made = await slice({
    readText(path) {
      const text = source.readText(path)
      files[path] = digestText(text)
      return text
    },
    folders(path) {
      const names = source.folders(path)
      folders[path] = digestNames(names)
      return names
    },
  })
  if (made.kind === 'slice') store.writeCache(name, JSON.stringify(keptSlice(made, { files, folders })))
  return made
}

function digestText(text: string | undefined): string | null {
  return text === undefined ? null : canonicalHash('longshore.text/1', { text })
}

function digestNames(names: readonly string[]): string {
  return canonicalHash('longshore.names/1', names)
}

function isAsSeen({ files, folders }: Looks, source: WorkspaceSource): boolean {
  return (
    Object.entries(folders).every(([path, digest]) => digestNames(source.folders(path)) === digest) &&
    Object.entries(files).every(([path, digest]) => digestText(source.readText(path)) === digest)
  )
}

function keptSlice({ included, hidden, replaced, lock }: WorkspaceSlice, looks: Looks): KeptSlice {
  return {
    ...looks,
    included: [...included],
    hidden: [...hidden],
    replaced: Object.fromEntries(replaced),
    lockFile: lock.file,
    entries: Object.fromEntries(lock.entries),
  }
}

function sliceOf({ included, hidden, replaced, lockFile, entries }: KeptSlice): WorkspaceSlice {
  const lock = { file: lockFile, entries: new Map(Object.entries(entries)) }
  const files = new Map(Object.entries(replaced))
  return { kind: 'slice', included: new Set(included), hidden: new Set(hidden), replaced: files, lock }
}

/** The file is written whole or not at all, and its name carries the version, so its outline tells it from a broken one. */
function decode(bytes: Uint8Array | undefined): KeptSlice | undefined {
  if (bytes === undefined) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return isKept(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isKept(value: unknown): value is KeptSlice {
  const parts = ['files', 'folders', 'included', 'hidden', 'replaced', 'lockFile', 'entries']
  return typeof value === 'object' && value !== null && parts.every((part) => part in value)
}
