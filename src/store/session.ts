import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errnoCode, storeAction } from '../base/index.ts'
import { tryLock } from '../sys/index.ts'
import { sweepClaims } from './claims.ts'
import { settle } from './settle.ts'

/** A process's own working area in the store, held by a lock that the kernel drops when the process ends, however it ends. */
export interface Session {
  readonly directory: string
  /** Makes a fresh directory in the working area. */
  makeDirectory(name: string): string
  /**
   * Keeps layers (names of their directories) from being removed while the session is open. Look whether they are there
   * after this, not before.
   */
  lease(layerNames: readonly string[]): void
  /** Removes a directory of the working area. */
  removeDirectory(path: string): void
  /** Removes the whole area, gives the lock back and sees new layers onto the disk. */
  close(): Promise<void>
}

const dayMs = 24 * 60 * 60 * 1000

/**
 * Opens a working area and first removes those whose process is gone (`onStale` is called with each before that, so
 * that what may still run in it can be ended). Call it inside the mount and user namespace.
 */
export function openSession(root: string, nowMs: number, onStale: (directory: string) => void): Session {
  return storeAction('open a working directory', () => {
    const parent = join(root, 'work')
    sweep(root, parent, nowMs, onStale)
    sweepClaims(root)
    for (;;) {
      const directory = join(parent, randomBytes(5).toString('hex'))
      mkdirSync(directory, { mode: 0o700 })
      const fd = openSync(join(directory, 'lock'), 'w', 0o600)
      // A sweeping process may have taken the lock between the two calls above; it removes this directory, or has done so.
      if (tryLock(fd, 'exclusive') && existsSync(join(directory, 'lock'))) {
        mkdirSync(join(directory, 'uses'), { mode: 0o700 })
        return session(root, directory, fd)
      }
      closeSync(fd)
    }
  })
}

function session(root: string, directory: string, fd: number): Session {
  let counter = 0
  let open = true
  return {
    directory,
    makeDirectory(name) {
      counter += 1
      const path = join(directory, `${counter}-${name}`)
      storeAction('make a working directory', () => mkdirSync(path, { mode: 0o700 }))
      return path
    },
    lease(layerNames) {
      for (const name of layerNames)
        storeAction('lease a layer', () => writeFileSync(join(directory, 'uses', name), ''))
    },
    removeDirectory: (path) => remove(path),
    async close() {
      if (!open) return
      open = false
      retire(directory)
      closeSync(fd)
      await settle(root)
    },
  }
}

/**
 * Removes a working area under another name, which says that nobody holds it: whoever is killed here leaves it to the
 * next. Its owner may have done so just before its lock was had.
 */
function retire(directory: string): void {
  const gone = join(dirname(directory), `.gone-${basename(directory)}`)
  storeAction(`remove ${directory}`, () => {
    try {
      renameSync(directory, gone)
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') throw error
    }
  })
  remove(gone)
}

function remove(path: string): void {
  storeAction(`remove ${path}`, () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
}

function sweep(root: string, parent: string, nowMs: number, onStale: (directory: string) => void): void {
  for (const name of readdirSync(parent)) {
    const directory = join(parent, name)
    if (name.startsWith('.gone-')) {
      remove(directory)
      continue
    }
    const fd = openLock(directory)
    if (fd === undefined) continue
    if (tryLock(fd, 'exclusive')) {
      onStale(directory)
      retire(directory)
    }
    closeSync(fd)
  }
  for (const name of readdirSync(join(root, 'tmp'))) {
    const path = join(root, 'tmp', name)
    const age = nowMs - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs)
    if (age > dayMs) remove(path)
  }
}

function openLock(directory: string): number | undefined {
  try {
    return openSync(join(directory, 'lock'), 'r+')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}
