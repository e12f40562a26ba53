import { closeSync, constants, lstatSync, openSync, readlinkSync, type Stats } from 'node:fs'
import { errnoCode } from '../base/index.ts'
import {
  O_CLOEXEC,
  O_PATH,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../sys/index.ts'
import { invalidArchive } from './archive-error.ts'
import { nameBytes, nameOfText, osPath, quoteName } from './byte-name.ts'

const pathFlags = O_PATH | O_CLOEXEC | constants.O_DIRECTORY
const maxLinks = 40

/** Directories that had to be made on the way to a parent, and what stood in the way of one. */
export interface MissingDirectory {
  /** Where to make it, for `node:fs` and sys. */
  readonly at: string | Buffer
  /** Path below the root with no symlink in it. */
  readonly path: string
  /** What is there: nothing, or a whiteout that the new directory replaces. */
  readonly replaces: 'nothing' | 'whiteout'
}

/**
 * A directory tree that paths never leave: the root is opened once, and every parent is resolved below it by the
 * kernel (openat2, RESOLVE_IN_ROOT): absolute symlinks and `..` stay inside (security 1-7). The last component is
 * never followed: callers work on `/proc/self/fd/N/name`. Paths are byte strings.
 */
export class RootedTree {
  readonly #root: number
  /** The parent resolved last; its path is undefined once it may mean another place. */
  #last: { path: string | undefined; readonly fd: number } | undefined

  constructor(directory: string) {
    this.#root = openSync(osPath(nameOfText(directory)), pathFlags)
  }

  close(): void {
    if (this.#last) closeSync(this.#last.fd)
    this.#last = undefined
    closeSync(this.#root)
  }

  /** To be called when anything in the tree was removed: paths may mean another place from now on (security 4). */
  forget(): void {
    if (this.#last) this.#last.path = undefined
  }

  /** Path of `name` in the directory that `parent` or `ensureParent` opened. `name` is one component; `.` is the directory. */
  at(fd: number, name: string): string | Buffer {
    return osPath(`/proc/self/fd/${fd}/${name}`)
  }

  /** Opens the directory `components` for work in it; undefined when it is missing or no directory. Valid until the next call. */
  parent(components: readonly string[]): number | undefined {
    const path = components.join('/')
    if (this.#last?.path === path) return this.#last.fd
    const fd = this.open(components)
    return fd === undefined ? undefined : this.#keep(path, fd)
  }

  /** As `parent`, but the caller closes the descriptor and may keep it as long as it likes. */
  open(components: readonly string[]): number | undefined {
    const path = nameBytes(components.join('/') || '.')
    try {
      return openat2(this.#root, path, pathFlags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    } catch (error) {
      const code = errnoCode(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      throw error
    }
  }

  /** As `parent`, but `make` is called for each directory that is missing. Throws `archive-invalid` when something else is in the way. */
  ensureParent(components: readonly string[], make: (missing: MissingDirectory) => void): number {
    const found = this.parent(components)
    if (found !== undefined) return found
    const real = this.#resolve(components, make)
    return this.#keep(components.join('/'), this.#openReal(real))
  }

  #keep(path: string, fd: number): number {
    if (this.#last) closeSync(this.#last.fd)
    this.#last = { path, fd }
    return fd
  }

  #openReal(components: readonly string[]): number {
    const path = components.join('/') || '.'
    return openat2(this.#root, nameBytes(path), pathFlags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)
  }

  /** Walks one component at a time, follows symlinks inside the root, and makes what is missing. */
  #resolve(components: readonly string[], make: (missing: MissingDirectory) => void): string[] {
    const pending = [...components].reverse()
    let real: string[] = []
    let links = 0
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '' || name === '.') continue
      if (name === '..') {
        real.pop()
        continue
      }
      const target = this.#step(real, name, make)
      if (target === undefined) real.push(name)
      else {
        if (++links > maxLinks)
          throw invalidArchive(`${quoteName(components.join('/'))} goes through too many symlinks`)
        if (target.startsWith('/')) real = []
        pending.push(...target.split('/').reverse())
      }
    }
    return real
  }

  /** Makes sure that `name` is a directory in `real`; returns the text of a symlink to follow instead. */
  #step(real: readonly string[], name: string, make: (missing: MissingDirectory) => void): string | undefined {
    const fd = this.#openReal(real)
    try {
      const at = this.at(fd, name)
      const stats = lstatIfAny(at)
      if (stats?.isDirectory()) return undefined
      if (stats?.isSymbolicLink()) return readlinkSync(at, 'latin1')
      const path = [...real, name].join('/')
      if (stats && !isWhiteout(stats))
        throw invalidArchive(`${quoteName(path)} is not a directory, but the archive has entries below it`)
      make({ at, path, replaces: stats ? 'whiteout' : 'nothing' })
      return undefined
    } finally {
      closeSync(fd)
    }
  }
}

/** lstat, or undefined when nothing is there. */
export function lstatIfAny(at: string | Buffer): Stats | undefined {
  return lstatSync(at, { throwIfNoEntry: false })
}

/** True for overlay's whiteout: a character device 0:0. */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0
}
