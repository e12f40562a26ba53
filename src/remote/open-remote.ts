import type { RetryOptions, Transport } from '../http/index.ts'
import type { GitSource, HttpSource } from '../ir/index.ts'
import { commitTime } from './commit-time.ts'
import { type CommitTree, readCommitTree } from './commit-tree.ts'
import { type FetchedFile, type FetchOptions, fetchFile } from './fetch-file.ts'
import { type FetchedRepository, fetchRepository } from './fetch-repository.ts'
import { openGit } from './git-command.ts'
import type { RemoteOptions, RemoteSettings } from './remote-settings.ts'
import { type TreeCache, treeCache } from './tree-cache.ts'

/** Fetches what addresses name into trees on this machine. */
export interface RemoteClient {
  readonly cache: TreeCache
  /** The file behind a URL, in a tree that holds nothing else. */
  fetchFile(source: HttpSource, options: FetchOptions): Promise<FetchedFile>
  /** The files of a commit. Several sources of one repository wait for each other. */
  fetchRepository(source: GitSource, signal: AbortSignal): Promise<FetchedRepository>
  /** As `commitTime`: of the commit that is checked out in a directory of this machine. */
  commitTime(directory: string, signal: AbortSignal): Promise<number | undefined>
  /** As `readCommitTree`: what a commit holds of the repository that a directory lies in. */
  commitTree(directory: string, ref: string, signal: AbortSignal): Promise<CommitTree>
  /** Closes all connections; transfers that still run fail. */
  close(): Promise<void>
}

const defaultRetry: RetryOptions = { retries: 3, baseDelayMs: 1000, maxDelayMs: 60_000 }

/** Opens the client; the HTTP library is loaded when something is asked of a server, and not before. */
export function openRemote(options: RemoteOptions): RemoteClient {
  const cache = treeCache(options.directory, () => options.nowMs(), options.pid)
  const git = openGit({
    env: options.env,
    ca: options.ca,
    directory: options.directory,
    offline: options.offline === true,
  })
  let opened: Promise<Transport> | undefined
  const settings: RemoteSettings = {
    ...options,
    retry: options.retry ?? defaultRetry,
    nowMs: () => options.nowMs(),
    transport() {
      opened ??= openTransport(options)
      return opened
    },
  }
  return {
    cache,
    fetchFile: (source, fetchOptions) => fetchFile(settings, cache, source, fetchOptions),
    fetchRepository: (source, signal) => fetchRepository(settings, cache, git, source, signal),
    commitTime: (directory, signal) => commitTime(git, directory, signal),
    commitTree: (directory, ref, signal) => readCommitTree(git, directory, ref, signal),
    async close() {
      // Who asked for the transport has been told why it could not be opened.
      const transport = await opened?.catch(() => undefined)
      await transport?.close()
    },
  }
}

async function openTransport({ userAgent, ca, env, offline = false }: RemoteOptions): Promise<Transport> {
  const { openDownloads } = await import('./download.ts')
  return openDownloads({ userAgent, ca: offline ? [] : ca(), env, offline })
}
