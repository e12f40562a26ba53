import { digestHex, digestOf, ToolError } from '../base/index.ts'
import { resolveFolder } from '../context/index.ts'
import { describeRemote, type GitSource, type HttpSource } from '../ir/index.ts'
import type { KeptTree, RemoteClient } from '../remote/index.ts'
import type { Store } from '../store/index.ts'
import type { Host } from './host.ts'
import type { SourcePins } from './lock-pins.ts'
import { enterNamespace } from './namespace.ts'
import type { LazyRemote } from './remote-client.ts'
import { runTask, type TaskSettings } from './task.ts'

/** What fetching trees takes. */
export interface FetchSettings extends TaskSettings {
  readonly host: Host
  readonly store: Store
  readonly remote: LazyRemote
  readonly signal: AbortSignal
  /** What a lock file makes of sources; absent without one. */
  readonly pins?: SourcePins
}

/** A directory of this machine that a source means. */
export interface FetchedTree {
  readonly directory: string
  /** Where fingerprints may be remembered; absent where the directory's own name is good enough. */
  readonly memoFile?: string
}

/** The file behind a URL, alone in a directory, as a task of its own. */
export async function fetchFileTree(
  settings: FetchSettings,
  source: HttpSource,
): Promise<{ readonly tree: KeptTree; readonly digest: string }> {
  const client = await settings.remote.client()
  const { signal, pins } = settings
  const pinned = pins?.file(source) ?? source
  return runTask(settings, `fetch-${source.url}`, `[internal] fetch ${describeRemote(source)}`, async (onProgress) => {
    try {
      const result = await client.fetchFile(pinned, { signal, onProgress })
      return { result, cached: result.unchanged }
    } catch (error) {
      const isOurs = error instanceof ToolError && error.code === 'checksum-mismatch' && source.checksum === undefined
      throw isOurs && pins !== undefined ? pins.changed(source, error) : error
    }
  })
}

/** The files of a commit, as a task of its own; the source's folder is not looked at. */
export async function fetchGitTree(settings: FetchSettings, source: GitSource): Promise<KeptTree> {
  const client = await settings.remote.client()
  const shown = describeRemote({ ...source, subdir: '' })
  const pinned = settings.pins?.repository(source) ?? source
  return runTask(settings, `fetch-${shown}`, `[internal] fetch ${shown}`, async () => {
    const { tree, unchanged } = await client.fetchRepository(pinned, settings.signal)
    return { result: tree, cached: unchanged }
  })
}

/** The folder of a repository that a git source names. Throws `ToolError` `context-not-found` when it has no such folder. */
export async function fetchGitFolder(settings: FetchSettings, source: GitSource): Promise<FetchedTree> {
  const tree = await fetchGitTree(settings, source)
  if (source.subdir === undefined) return tree
  const directory = resolveFolder(tree.directory, source.subdir)
  if (directory !== undefined) return { directory }
  const message = `${describeRemote(source)}: the repository has no folder "${source.subdir}"`
  throw new ToolError('context-not-found', message, {
    hint: 'a context is URL#REF:FOLDER, the folder seen from the top of the repository',
  })
}

/** Whether a file is an archive that a context can be made of. */
export async function isArchive(path: string): Promise<boolean> {
  const { sniffArchive } = await import('../layer/sniff-archive.ts')
  return sniffArchive(path) !== undefined
}

/** The tree of an archive with the digest `digest`, if it was unpacked before. */
export function unpackedContext({ cache }: RemoteClient, digest: string): KeptTree | undefined {
  return cache.find(archiveTreeId(digest))
}

/**
 * The tree of an archive with the digest `digest`, unpacked once. Everything is owned by who builds, since files of
 * contexts count as 0:0. Throws `ToolError` of the layer room.
 */
export async function unpackContext(
  settings: FetchSettings,
  client: RemoteClient,
  archive: string,
  digest: string,
): Promise<KeptTree> {
  const id = archiveTreeId(digest)
  const { host, store, signal } = settings
  try {
    return (
      unpackedContext(client, digest) ??
      (await client.cache.keep(id, async (directory) => {
        const { unpackArchive } = await import('../layer/index.ts')
        await unpackArchive(archive, directory, '/', { owner: { uid: -1, gid: -1 }, signal })
      }))
    )
  } catch (error) {
    // A folder that its owner may not write takes root, if only that of a namespace: the command starts anew there.
    if (error instanceof ToolError && error.code === 'permission-denied' && host.uid !== 0)
      await enterNamespace(host, store)
    throw error
  }
}

/** Name of the tree of an archive. */
function archiveTreeId(digest: string): string {
  return digestHex(digestOf(`archive ${digest}`)).slice(0, 40)
}

/** A directory with nothing in it, for a Dockerfile that came without files. */
export async function emptyTree({ cache }: RemoteClient): Promise<KeptTree> {
  return cache.find('empty') ?? cache.keep('empty', async () => {})
}
