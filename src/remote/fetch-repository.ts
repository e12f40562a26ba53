import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { canonicalHash, storeAction, ToolError } from '../base/index.ts'
import { describeRemote, type GitSource } from '../ir/index.ts'
import { fetchCommit } from './git-bare.ts'
import { checkOut } from './git-checkout.ts'
import type { Git } from './git-command.ts'
import { isCommitId, type ResolvedRef, resolveRef } from './git-refs.ts'
import { checksumMismatch } from './remote-error.ts'
import type { RemoteSettings } from './remote-settings.ts'
import type { KeptTree, TreeCache } from './tree-cache.ts'

/** A commit's files, in a tree of their own. */
export interface FetchedRepository {
  readonly tree: KeptTree
  readonly commit: string
  /** True when all of it was here already. */
  readonly unchanged: boolean
}

/**
 * The files of the commit that a git source means now (its folder is left to the caller). The server is asked once a
 * command, and not at all when the source names a whole commit ID that is here. Throws `ToolError` `remote-not-found`,
 * `checksum-mismatch`, `git-failed`, `not-supported` without git.
 */
export async function fetchRepository(
  settings: RemoteSettings,
  cache: TreeCache,
  git: Git,
  source: GitSource,
  signal: AbortSignal,
): Promise<FetchedRepository> {
  const { checksum, url } = source
  const shown = describeRemote({ ...source, subdir: '' })
  const pinned = [source.ref, checksum].find((text) => text !== undefined && isCommitId(text))
  const known = pinned === undefined ? undefined : cache.find(commitTreeId(source, pinned))
  const pinAgrees = pinned !== undefined && (checksum === undefined || pinned.startsWith(checksum))
  if (pinAgrees && known !== undefined) return { tree: known, commit: pinned, unchanged: true }
  const resolved = await resolveOnce(settings, cache, git, source, shown, signal)
  const { commit } = resolved
  if (checksum !== undefined && !commit.startsWith(checksum)) throw checksumMismatch(shown, checksum, commit)
  const id = commitTreeId(source, commit)
  const kept = cache.find(id)
  if (kept !== undefined) return { tree: kept, commit, unchanged: true }
  const repository = join(cache.folder('git'), `${canonicalHash('longshore.repository/1', { url }).slice(0, 40)}.git`)
  const tree = await withLock(`${repository}.lock`, signal, async () => {
    await fetchCommit(git, { repository, url, shown, wanted: resolved, signal })
    const { keepGitDir, submodules } = source
    const request = { repository, commit, url, shown, keepGitDir, submodules, signal }
    return cache.keep(id, (directory) => checkOut(git, directory, request))
  })
  return { tree, commit, unchanged: false }
}

function commitTreeId({ url, keepGitDir, submodules }: GitSource, commit: string): string {
  return canonicalHash('longshore.remote-tree/1', { kind: 'git', url, commit, keepGitDir, submodules }).slice(0, 40)
}

/** What a ref is on the server, asked for once a command. */
async function resolveOnce(
  settings: RemoteSettings,
  cache: TreeCache,
  git: Git,
  { url, ref }: GitSource,
  shown: string,
  signal: AbortSignal,
): Promise<ResolvedRef> {
  if (ref !== undefined && isCommitId(ref)) return { commit: ref }
  const id = canonicalHash('longshore.ref/1', { url, ref })
  const note = decodeRefNote(cache.readNote('refs', id))
  if (note !== undefined && (settings.offline === true || note.validatedMs >= settings.startedMs)) return note
  const resolved = await resolveRef(git, url, shown, ref, signal)
  cache.writeNote('refs', id, { ...resolved, validatedMs: settings.nowMs() })
  return resolved
}

function decodeRefNote(value: unknown): (ResolvedRef & { readonly validatedMs: number }) | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { commit, name, validatedMs }: { readonly [name: string]: unknown } = { ...value }
  if (typeof commit !== 'string' || !isCommitId(commit) || typeof validatedMs !== 'number') return undefined
  return { commit, validatedMs, ...(typeof name === 'string' ? { name } : {}) }
}

/** Runs `action` while no other process works on the same repository; the kernel drops the lock with the process. */
async function withLock<T>(path: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  const { tryLock } = await import('../sys/index.ts')
  const fd = storeAction(`open ${path}`, () => openSync(path, 'w', 0o600))
  try {
    while (!tryLock(fd, 'exclusive')) {
      if (signal.aborted) throw new ToolError('canceled', 'fetching was canceled')
      await delay(100)
    }
    return await action()
  } finally {
    closeSync(fd)
  }
}
