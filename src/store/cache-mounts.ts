import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { errnoCode, storeAction } from '../base/index.ts'
import { tryLock } from '../sys/index.ts'
import { readIfExists, writeAtomic } from './files.ts'

/** Which cache, and how it begins. */
export interface CacheMountRequest {
  readonly id: string
  readonly sharing: 'shared' | 'private' | 'locked'
  /** Of the directory itself; another owner or mode is another cache, as it is another beginning. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Identity of what it begins with; absent for an empty one. */
  readonly initialContent?: string
}

/** What the holder of a cache does on the way. */
export interface CacheMountHolder {
  /** Makes the first content of a fresh directory. */
  fill(directory: string): Promise<void>
  /** Called once when somebody else has the cache and it is waited for. */
  onWait(): void
}

/** A directory that this holder may use until it gives it back; kernel locks, so that a dead process holds none. */
export interface CacheMountLease {
  readonly directory: string
  release(): void
}

/** How often a lock that another one holds is tried again. */
const pollMs = 100

/**
 * Leases a cache directory of the store at `root`. `shared` ones have any number of holders; a `private` one that is
 * in use is left to its holder, and another directory of the same id taken; `locked` waits. Ids may be any text (CVE-2024-9675): only a hash of them becomes a name. Rejects with the signal's reason.
 */
export async function leaseCacheMount(
  root: string,
  request: CacheMountRequest,
  holder: CacheMountHolder,
  signal: AbortSignal,
): Promise<CacheMountLease> {
  const { id, mode, uid, gid, initialContent } = request
  const identity = JSON.stringify([id, mode, uid, gid, initialContent ?? null])
  const cache = join(root, 'cache/mounts', createHash('sha256').update(identity).digest('hex').slice(0, 32))
  if (!existsSync(join(cache, 'id'))) writeAtomic(root, join(cache, 'id'), id)
  for (let number = 0; ; number++) {
    const slot = join(cache, String(number))
    storeAction('make a cache mount', () => mkdirSync(slot, { recursive: true, mode: 0o755 }))
    const lock = openLock(join(slot, 'lock'))
    try {
      if (!(await takeLock(lock, request.sharing, holder, signal))) {
        closeSync(lock)
        continue
      }
      const directory = join(slot, 'fs')
      await makeOnce(slot, directory, request, holder, signal)
      // When it was last used, for whoever looks for what to remove.
      const now = Date.now() / 1000
      futimesSync(lock, now, now)
      return { directory, release: () => closeSync(lock) }
    } catch (error) {
      closeSync(lock)
      throw error
    }
  }
}

async function takeLock(
  fd: number,
  sharing: CacheMountRequest['sharing'],
  holder: CacheMountHolder,
  signal: AbortSignal,
): Promise<boolean> {
  if (tryLock(fd, sharing === 'shared' ? 'shared' : 'exclusive')) return true
  if (sharing !== 'locked') return false
  holder.onWait()
  await waitForLock(fd, signal)
  return true
}

function openLock(path: string): number {
  return storeAction('lock a cache mount', () => openSync(path, 'a', 0o600))
}

async function waitForLock(fd: number, signal: AbortSignal): Promise<void> {
  while (!tryLock(fd, 'exclusive')) {
    await delay(pollMs)
    signal.throwIfAborted()
  }
}

/** Holders of a shared cache may all come first: one makes it, whole or not at all, and the others wait. */
async function makeOnce(
  slot: string,
  directory: string,
  { mode, uid, gid }: CacheMountRequest,
  holder: CacheMountHolder,
  signal: AbortSignal,
): Promise<void> {
  if (existsSync(directory)) return
  const making = openLock(join(slot, 'making'))
  try {
    await waitForLock(making, signal)
    if (existsSync(directory)) return
    const fresh = `${directory}.new`
    storeAction('make a cache mount', () => {
      rmSync(fresh, { recursive: true, force: true })
      mkdirSync(fresh)
    })
    await holder.fill(fresh)
    storeAction('make a cache mount', () => {
      chownSync(fresh, uid, gid)
      chmodSync(fresh, mode)
      renameSync(fresh, directory)
    })
  } finally {
    closeSync(making)
  }
}

/** Holds a cache directory that nobody uses, so that nobody does until it is let go; undefined when somebody has it. */
export function holdCacheMount(directory: string): (() => void) | undefined {
  const lock = openLock(join(dirname(directory), 'lock'))
  if (tryLock(lock, 'exclusive')) return () => closeSync(lock)
  closeSync(lock)
  return undefined
}

/** A cache directory as it lies in the store. */
export interface KeptCacheMount {
  /** As the Dockerfile calls it. */
  readonly id: string
  readonly directory: string
  readonly usedMs: number
}

/** Every cache directory of the store at `root`. */
export function cacheMounts(root: string): readonly KeptCacheMount[] {
  const parent = join(root, 'cache/mounts')
  return namesIn(parent).flatMap((name) => {
    const id = readIfExists(join(parent, name, 'id'))?.toString('utf8') ?? name
    return namesIn(join(parent, name)).flatMap((slot) => {
      const directory = join(parent, name, slot, 'fs')
      const used = statSync(join(parent, name, slot, 'lock'), { throwIfNoEntry: false })
      return used === undefined || !existsSync(directory) ? [] : [{ id, directory, usedMs: used.mtimeMs }]
    })
  })
}

/** Removes what is in a cache directory, so that it begins anew; false when somebody has it. Call it inside the namespace. */
export function removeCacheMount(root: string, { directory }: KeptCacheMount): boolean {
  const letGo = holdCacheMount(directory)
  if (letGo === undefined) return false
  try {
    storeAction(`remove ${directory}`, () => {
      const gone = join(root, 'work', `.gone-${randomBytes(5).toString('hex')}`)
      if (existsSync(directory)) renameSync(directory, gone)
      rmSync(gone, { recursive: true, force: true, maxRetries: 3 })
    })
    return true
  } finally {
    letGo()
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return []
    throw error
  }
}
