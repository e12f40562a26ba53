import { createHash } from 'node:crypto'
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import {
  baseName,
  compareCodeUnits,
  decodePath,
  type FileNode,
  parentPath,
  type SelectableTree,
  type SelectedEntry,
  sortNames,
} from '../base/index.ts'
import { getXattr, listXattrs, splitDevice } from '../sys/index.ts'
import { Rooted } from './rooted.ts'

const buffer = Buffer.allocUnsafe(1 << 20)

/** The files of a mounted root filesystem, all of them, with their owners and kept xattrs. Close it after use. */
export interface RootTree extends SelectableTree {
  close(): void
}

/** Opens the tree at `root`; names never lead out of it. */
export function rootTree(root: string): RootTree {
  const rooted = new Rooted(root)
  const at = (path: string): Buffer => (path === '' ? rooted.at('', '.') : rooted.at(parentPath(path), baseName(path)))
  return {
    lstat(path) {
      const stat = lstatSync(at(path), { bigint: true, throwIfNoEntry: false })
      return stat === undefined ? undefined : nodeOf(stat)
    },
    names: (path) => sortNames(readdirSync(at(path), 'buffer').map(decodePath)),
    readLink: (path) => decodePath(readlinkSync(at(path), 'buffer')),
    takes: () => true,
    mayTakeBelow: () => true,
    excludedBy: () => undefined,
    fileDigest: (path) => hashFile(at(path)),
    // Layers do not change any more.
    isRacy: () => false,
    xattrs: (path) => keptXattrs(at(path)),
    close: () => rooted.close(),
  }
}

/** Node of a `stat` result. */
export function nodeOf(stat: BigIntStats): FileNode {
  const { major, minor } =
    stat.isCharacterDevice() || stat.isBlockDevice() ? splitDevice(stat.rdev) : { major: 0, minor: 0 }
  return {
    type: typeOf(stat),
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    sizeBytes: Number(stat.size),
    device: Number(stat.dev),
    inode: Number(stat.ino),
    links: Number(stat.nlink),
    mtimeMs: Number(stat.mtimeNs) / 1e6,
    ctimeMs: Number(stat.ctimeNs) / 1e6,
    major,
    minor,
  }
}

function typeOf(stat: BigIntStats): FileNode['type'] {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isCharacterDevice()) return 'char'
  if (stat.isBlockDevice()) return 'block'
  return stat.isFIFO() ? 'fifo' : 'socket'
}

/** The xattrs that belong to a file's content: `security.capability` and what users set, nothing of the system's. */
function keptXattrs(path: Buffer): SelectedEntry['xattrs'] {
  const names = listXattrs(path).filter(
    (name) => name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.')),
  )
  if (names.length === 0) return undefined
  return names.sort(compareCodeUnits).flatMap((name) => {
    const value = getXattr(path, name)
    return value === undefined ? [] : [[name, value] as const]
  })
}

function hashFile(path: Buffer): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const hash = createHash('sha256')
    if (fstatSync(fd).isFile()) {
      for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) hash.update(buffer.subarray(0, read))
    }
    return hash.digest()
  } finally {
    closeSync(fd)
  }
}
