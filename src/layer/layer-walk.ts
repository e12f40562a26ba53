import {
  type BigIntStats,
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from 'node:fs'
import { compareCodeUnits, errnoCode, ToolError, type TreeEntryType } from '../base/index.ts'
import type { OverlayXattrs } from '../ports/index.ts'
import { splitDevice } from '../sys/index.ts'
import { nameOfText, osPath, quoteName } from './byte-name.ts'
import { layerXattrs, type Xattr } from './layer-xattrs.ts'

export interface LayerWalkOptions {
  readonly overlay: OverlayXattrs
  /**
   * Names (byte strings) that the layers below show in a directory, empty when they have no such directory. When
   * given, an opaque directory is written as single whiteouts of them, as BuildKit does; else as `.wh..wh..opq`.
   */
  readonly lowerNames?: (path: string) => readonly string[]
  /**
   * Others write to the directory meanwhile, as a container that runs: each directory is held open, so that none that becomes a symlink
   * leads the walk out of it. Takes longer.
   */
  readonly isLive?: boolean
}

/** One thing a layer directory says: something is there, or something of the layers below is gone. */
export interface LayerEntry {
  /** Byte string relative to the layer's root; of a whiteout: the name that is gone. */
  readonly path: string
  readonly type: TreeEntryType
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  /** Whole seconds. */
  readonly mtime: bigint
  /** Symlink text, or the first name of a hardlinked file. */
  readonly target: string
  readonly major: number
  readonly minor: number
  readonly xattrs: readonly Xattr[]
  /** A directory that hides what the layers below have in it. */
  readonly opaque: boolean
  /** Open file of a regular file's bytes; the receiver closes it. */
  readonly fd?: number
  /** A whiteout that stands for one name of an opaque directory, and is not in the layer directory itself. */
  readonly expanded?: true
}

interface Frame {
  readonly path: string
  /** Byte string of the directory on this machine. */
  readonly at: string
  /** Of a directory that is held open. */
  readonly fd?: number
  readonly children: readonly (Dirent | string)[]
  next: number
  /** Nothing of the layers below shows through here: an opaque directory, or one inside it. */
  readonly hidesLower: boolean
}

const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Walks an overlay upper directory: each directory before its children, children in byte order; the root itself is not
 * told. Sockets are left out. Files come open, opened without following links and without waiting (security 11, 16).
 * Throws `archive-invalid` for names that begin with `.wh.` (security 8) and `not-supported` for overlay redirects.
 */
export class LayerWalk {
  readonly #root: string
  readonly #options: LayerWalkOptions
  readonly #frames: Frame[] = []
  /** First name of each file with several names, by device and inode. */
  readonly #links = new Map<string, string>()
  readonly rootOpaque: boolean

  constructor(directory: string, options: LayerWalkOptions) {
    this.#root = nameOfText(directory.replace(/\/+$/, ''))
    this.#options = options
    this.rootOpaque = layerXattrs(osPath(this.#root), options.overlay, '').opaque
    this.#frames.push(this.#open('', this.#root, this.rootOpaque))
  }

  #open(path: string, place: string, hidesLower: boolean): Frame {
    const fd = this.#options.isLive === true ? openDirectory(place, path) : undefined
    const at = fd === undefined ? place : `/proc/self/fd/${fd}`
    // Behind the link of an open file, a name is needed for what it leads to.
    const children: (Dirent | string)[] = readdirSync(osPath(fd === undefined ? at : `${at}/.`), {
      withFileTypes: true,
      encoding: 'latin1',
    })
    if (hidesLower && this.#options.lowerNames) {
      const present = new Set(children.map(nameOfChild))
      for (const name of this.#options.lowerNames(path)) if (!present.has(name)) children.push(name)
    }
    children.sort((a, b) => compareCodeUnits(nameOfChild(a), nameOfChild(b)))
    return { path, at, ...(fd === undefined ? {} : { fd }), children, next: 0, hidesLower }
  }

  /** Closes what is still open, when the walk ends before its end. */
  close(): void {
    for (const { fd } of this.#frames.splice(0)) if (fd !== undefined) closeSync(fd)
  }

  /** The next entry, or undefined at the end. */
  next(): LayerEntry | undefined {
    for (;;) {
      const frame = this.#frames.at(-1)
      if (!frame) return undefined
      const child = frame.children[frame.next++]
      if (child === undefined) {
        this.#frames.pop()
        if (frame.fd !== undefined) closeSync(frame.fd)
        continue
      }
      const name = nameOfChild(child)
      const path = frame.path === '' ? name : `${frame.path}/${name}`
      if (name.startsWith('.wh.')) throw reservedName(path)
      if (typeof child === 'string') return { ...whiteout(path), expanded: true }
      if (child.isSocket()) continue
      const place = `${frame.at}/${name}`
      const entry = child.isFile() ? this.#file(path, place) : this.#other(path, place)
      if (entry.type === 'directory') this.#frames.push(this.#open(path, place, frame.hidesLower || entry.opaque))
      return entry
    }
  }

  #file(path: string, place: string): LayerEntry {
    const at = osPath(place)
    const fd = openSync(at, openFlags)
    try {
      const stats = fstatSync(fd, { bigint: true })
      if (!stats.isFile()) throw changed(path)
      const { xattrs } = layerXattrs(at, this.#options.overlay, path)
      const first = this.#firstName(stats, path)
      if (first === undefined) return { ...describe(path, 'file', stats), size: Number(stats.size), xattrs, fd }
      closeSync(fd)
      return { ...describe(path, 'hardlink', stats), target: first, xattrs }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  #other(path: string, place: string): LayerEntry {
    const at = osPath(place)
    const stats = lstatSync(at, { bigint: true })
    if (stats.isDirectory())
      return { ...describe(path, 'directory', stats), ...layerXattrs(at, this.#options.overlay, path) }
    if (stats.isCharacterDevice() && stats.rdev === 0n) return whiteout(path)
    const { major, minor } = splitDevice(stats.rdev)
    const device = stats.isCharacterDevice() || stats.isBlockDevice() ? { major, minor } : {}
    const first = this.#firstName(stats, path)
    if (first !== undefined) return { ...describe(path, 'hardlink', stats), ...device, target: first }
    if (stats.isSymbolicLink()) return { ...describe(path, 'symlink', stats), target: readlinkSync(at, 'latin1') }
    if (stats.isCharacterDevice()) return { ...describe(path, 'char', stats), ...device }
    if (stats.isBlockDevice()) return { ...describe(path, 'block', stats), ...device }
    if (stats.isFIFO()) return describe(path, 'fifo', stats)
    throw changed(path)
  }

  /** The name under which this walk told the same inode before; undefined when this is the first. */
  #firstName(stats: BigIntStats, path: string): string | undefined {
    if (stats.nlink < 2n) return undefined
    const key = `${stats.dev}:${stats.ino}`
    const first = this.#links.get(key)
    if (first === undefined) this.#links.set(key, path)
    return first
  }
}

/** Throws `ToolError` when it is none any more. */
function openDirectory(place: string, path: string): number {
  try {
    return openSync(osPath(place), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    const code = errnoCode(error)
    throw code === 'ENOTDIR' || code === 'ELOOP' ? changed(path) : error
  }
}

function nameOfChild(child: Dirent | string): string {
  return typeof child === 'string' ? child : child.name
}

function describe(path: string, type: TreeEntryType, stats: BigIntStats): LayerEntry {
  return {
    path,
    type,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: 0,
    mtime: floorSeconds(stats.mtimeNs),
    target: '',
    major: 0,
    minor: 0,
    xattrs: [],
    opaque: false,
  }
}

function whiteout(path: string): LayerEntry {
  return {
    path,
    type: 'whiteout',
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: 0n,
    target: '',
    major: 0,
    minor: 0,
    xattrs: [],
    opaque: false,
  }
}

function floorSeconds(timeNs: bigint): bigint {
  const seconds = timeNs / 1_000_000_000n
  return timeNs < 0n && timeNs % 1_000_000_000n !== 0n ? seconds - 1n : seconds
}

function reservedName(path: string): ToolError {
  return new ToolError(
    'archive-invalid',
    `${quoteName(path)} cannot be in a layer: names that begin with ".wh." mark removed files there`,
    {
      hint: 'rename or remove the file in the step that makes it',
    },
  )
}

/** Something wrote to the layer directory while it was read. */
export function changed(path: string): ToolError {
  return new ToolError('store-failed', `${quoteName(path)} changed while the layer was read`, {
    hint: 'nothing may write to a layer once its step has ended: build again',
  })
}
