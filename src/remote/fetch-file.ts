import { createReadStream, renameSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalHash, storeAction, ToolError } from '../base/index.ts'
import { describeRemote, type HttpSource } from '../ir/index.ts'
import { decodeHttpNote, type HttpNote } from './http-note.ts'
import { asRemoteError, checksumMismatch } from './remote-error.ts'
import type { RemoteSettings } from './remote-settings.ts'
import type { KeptTree, TreeCache } from './tree-cache.ts'

export interface FetchOptions {
  readonly signal: AbortSignal
  readonly onProgress: (bytes: number, totalBytes: number | undefined) => void
}

/** A file that HTTP brought, in a tree of its own. */
export interface FetchedFile {
  readonly tree: KeptTree
  /** `sha256:…` of the file. */
  readonly digest: string
  /** True when it was here already. */
  readonly unchanged: boolean
}

/**
 * The tree with the file behind a URL: mode 0600, time of Last-Modified or else 0. Asks the server whether what is
 * kept still holds, once a command (offline, it does); a file with the checksum wanted is taken without asking. Throws `ToolError`
 * `remote-unreachable`, `remote-not-found`, `remote-denied`, `remote-failed`, `checksum-mismatch`.
 */
export async function fetchFile(
  settings: RemoteSettings,
  cache: TreeCache,
  source: HttpSource,
  options: FetchOptions,
): Promise<FetchedFile> {
  const { url, fileName, checksum } = source
  const shown = describeRemote(source)
  const id = canonicalHash('longshore.url/1', { url })
  const note = decodeHttpNote(cache.readNote('http', id))
  const kept = note && cache.find(fileTreeId(note, fileName))
  if (note !== undefined && kept !== undefined) {
    const asked = settings.offline === true || note.validatedMs >= settings.startedMs
    if (checksum === undefined ? asked : note.verified.includes(checksum) || asked) {
      const tree = await verified(cache, id, { note, tree: kept, fileName }, checksum, shown)
      return { tree, digest: note.digest, unchanged: true }
    }
  }
  const known = kept === undefined ? undefined : note
  try {
    const found = await ask(settings, cache, source, known, options)
    cache.writeNote('http', id, found.note)
    const tree = await verified(cache, id, { ...found, fileName }, checksum, shown)
    return { tree, digest: found.note.digest, unchanged: found.unchanged }
  } catch (error) {
    throw asRemoteError(error, shown)
  }
}

interface NotedTree {
  readonly note: HttpNote
  readonly tree: KeptTree
}

async function ask(
  settings: RemoteSettings,
  cache: TreeCache,
  source: HttpSource,
  known: HttpNote | undefined,
  { signal, onProgress }: FetchOptions,
): Promise<NotedTree & { readonly unchanged: boolean }> {
  const { download } = await import('./download.ts')
  const { url, fileName } = source
  const path = cache.temporaryPath()
  const request = { url, shown: describeRemote(source), known, path, signal, onProgress }
  const transport = await settings.transport()
  const downloaded = await download(transport, settings.retry, { ...request, nowMs: settings.nowMs })
  const { note } = downloaded
  const treeId = fileTreeId(note, fileName)
  const kept = cache.find(treeId)
  if (kept !== undefined) {
    rmSync(path, { force: true })
    return { note, tree: kept, unchanged: true }
  }
  if (downloaded.kind === 'unchanged')
    throw new ToolError('store-failed', `the file of ${request.shown} went away while it was used`, {
      hint: 'build again',
    })
  const tree = await cache.keep(treeId, async (directory) => {
    storeAction(`keep ${request.shown}`, () => {
      utimesSync(path, note.modifiedMs / 1000, note.modifiedMs / 1000)
      renameSync(path, join(directory, fileName))
    })
  })
  return { note, tree, unchanged: false }
}

function fileTreeId({ digest, modifiedMs }: HttpNote, fileName: string): string {
  return canonicalHash('longshore.remote-tree/1', { kind: 'file', digest, modifiedMs, fileName }).slice(0, 40)
}

/** The tree, if its file has the checksum wanted; remembers that it does. */
async function verified(
  cache: TreeCache,
  id: string,
  { note, tree, fileName }: NotedTree & { readonly fileName: string },
  checksum: string | undefined,
  shown: string,
): Promise<KeptTree> {
  if (checksum === undefined || note.verified.includes(checksum)) return tree
  const [algorithm = ''] = checksum.split(':')
  const known = note.verified.find((text) => text.startsWith(`${algorithm}:`))
  const found = known ?? (await hashFile(join(tree.directory, fileName), algorithm))
  if (known === undefined) cache.writeNote('http', id, { ...note, verified: [...note.verified, found] })
  if (found !== checksum) throw checksumMismatch(shown, checksum, found)
  return tree
}

async function hashFile(path: string, algorithm: string): Promise<string> {
  const { default: ssri } = await import('ssri')
  const integrity = await ssri.fromStream(createReadStream(path), { algorithms: [algorithm] })
  return `${algorithm}:${integrity.hexDigest()}`
}
