import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import {
  encodePath,
  errnoCode,
  type FileNode,
  type FileOwner,
  invariant,
  joinPath,
  parentPath,
  printablePath,
  type SelectedEntry,
  type SelectedPath,
  ToolError,
} from '../base/index.ts'
import { makeDevice, mknod, S_IFBLK, S_IFCHR, S_IFIFO, setOpenTimes, setTimes, setXattr } from '../sys/index.ts'
import { changedMode } from './chmod.ts'
import { setMode } from './set-mode.ts'
import type { SourceRoot } from './source-file.ts'
import type { TargetRoot } from './target-root.ts'

export interface CopyEntriesRequest {
  readonly source: SourceRoot
  readonly target: TargetRoot
  readonly match: SelectedPath
  /** Resolved path in the target: of the file, or of the directory that takes the contents. */
  readonly place: string
  readonly owner: FileOwner | undefined
  readonly chmod: string | undefined
}

/** Copies what one match brings to its place. Parents of `place` exist. A directory's own metadata is not touched. */
export function copyEntries(request: CopyEntriesRequest): void {
  for (const entry of request.match.entries) copyEntry(request, entry)
}

function copyEntry(request: CopyEntriesRequest, entry: SelectedEntry): void {
  const { target, match, source } = request
  const place = entry.path === '' ? request.place : joinPath(request.place, entry.path)
  const from = entry.path === '' ? match.resolved : joinPath(match.resolved, entry.path)
  target.times.keep(parentPath(place))
  if (entry.node.type === 'directory') {
    copyDirectory(request, entry, place)
    target.times.set(place, source.modifiedNs(from))
    return
  }
  removeFile(target, place)
  if (entry.sameAs !== undefined) {
    linkEntry(request, entry.sameAs, place)
    return
  }
  makeEntry(request, entry, from, place)
}

function copyDirectory(request: CopyEntriesRequest, entry: SelectedEntry, place: string): void {
  const { target } = request
  const existing = target.node(place)
  if (existing !== undefined && existing.type !== 'directory') {
    throw new ToolError(
      'step-failed',
      `cannot copy the directory "${printablePath(entry.path)}" to "/${printablePath(place)}": a file is there`,
      {
        hint: 'choose another destination, or remove the file in an earlier RUN step',
      },
    )
  }
  if (existing === undefined) mkdirSync(target.path(place))
  setMetadata(request, entry, place)
}

/** Removes what a file replaces; a directory is never replaced. Throws `ToolError` `step-failed` for one. */
export function removeFile(target: TargetRoot, place: string): void {
  const existing = target.node(place)
  if (existing === undefined) return
  if (existing.type === 'directory') {
    throw new ToolError('step-failed', `cannot replace the directory "/${printablePath(place)}" with a file`, {
      hint: 'choose another destination, or remove the directory in an earlier RUN step',
    })
  }
  unlinkSync(target.path(place))
}

function linkEntry({ target, place }: CopyEntriesRequest, first: string, at: string): void {
  linkSync(target.otherPath(first === '' ? place : joinPath(place, first)), target.path(at))
}

function makeEntry(request: CopyEntriesRequest, entry: SelectedEntry, from: string, place: string): void {
  const { source, target } = request
  const { node } = entry
  switch (node.type) {
    case 'file':
      copyFile(request, entry, from, place)
      return
    case 'symlink':
      symlinkSync(encodePath(entry.target ?? ''), target.path(place))
      break
    case 'char':
    case 'block':
      makeDeviceFile(target.path(place), node, from)
      break
    case 'fifo':
      mknod(target.path(place), S_IFIFO)
      break
    case 'socket':
      // A socket is nothing without its process: it becomes an empty file, as with BuildKit.
      writeFileSync(target.path(place), '', { flag: 'wx' })
      break
    case 'directory':
      invariant(false, 'directories are copied elsewhere')
  }
  setMetadata(request, entry, place)
  setTimes(target.path(place), source.modifiedNs(from))
}

/** A small file is copied by what is open of it: half the system calls, and none that looks a path up again. */
function copyFile(request: CopyEntriesRequest, entry: SelectedEntry, from: string, place: string): void {
  const { source, target } = request
  if (entry.content !== undefined) {
    writeFileSync(target.path(place), entry.content, { flag: 'wx', mode: 0o600 })
    setMetadata(request, entry, place)
    setTimes(target.path(place), 0n)
    return
  }
  if (entry.node.sizeBytes > smallBuffer.length || entry.xattrs !== undefined) {
    const modifiedNs = source.withFile(from, entry, (fd, stat) => {
      copyFileSync(`/proc/self/fd/${fd}`, target.path(place), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      return stat.mtimeNs
    })
    setMetadata(request, entry, place)
    setTimes(target.path(place), modifiedNs)
    return
  }
  source.withFile(from, entry, (from, stat) => {
    const to = openSync(target.path(place), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      copyBytes(from, to)
      fchownSync(to, request.owner?.uid ?? entry.node.uid, request.owner?.gid ?? entry.node.gid)
      fchmodSync(to, modeOf(request, entry))
      setOpenTimes(to, stat.mtimeNs)
    } finally {
      closeSync(to)
    }
  })
}

const smallBuffer = Buffer.allocUnsafeSlow(256 * 1024)

/** Copies what is left of a file. A file that grew meanwhile is found out by its times. */
function copyBytes(from: number, to: number): void {
  for (let length = readSync(from, smallBuffer); length > 0; length = readSync(from, smallBuffer)) {
    for (let at = 0; at < length; ) at += writeSync(to, smallBuffer, at, length - at)
    if (length < smallBuffer.length) return
  }
}

function modeOf({ chmod }: CopyEntriesRequest, { node }: SelectedEntry): number {
  return chmod === undefined ? node.mode : changedMode(chmod, node.mode, node.type === 'directory')
}

function makeDeviceFile(at: Buffer, node: FileNode, from: string): void {
  try {
    mknod(at, node.type === 'char' ? S_IFCHR : S_IFBLK, makeDevice(node.major, node.minor))
  } catch (error) {
    if (errnoCode(error) !== 'EPERM') throw error
    const message = `"${printablePath(from)}" is a device file, and making one takes real root`
    const hint = 'leave it out (with .dockerignore, or by naming less in COPY), or build as root'
    throw new ToolError('permission-denied', message, { hint, cause: error })
  }
}

function setKeptXattr(at: Buffer, [name, value]: readonly [string, Uint8Array], place: string): void {
  try {
    setXattr(at, name, value)
  } catch (error) {
    if (errnoCode(error) !== 'EOPNOTSUPP' && errnoCode(error) !== 'ENOTSUP') throw error
    const message = `cannot keep the extended attribute ${name} of "/${printablePath(place)}"`
    const hint = 'put the store on a file system that has them (ext4, xfs, btrfs) with --root DIR'
    throw new ToolError('not-supported', message, { hint, cause: error })
  }
}

/** Owner, then mode (chown clears setuid and setgid), then xattrs (chown clears capabilities). */
function setMetadata(request: CopyEntriesRequest, entry: SelectedEntry, place: string): void {
  const { owner, target } = request
  const { node, xattrs } = entry
  const at = target.path(place)
  lchownSync(at, owner?.uid ?? node.uid, owner?.gid ?? node.gid)
  if (node.type === 'symlink') return
  setMode(at, modeOf(request, entry))
  for (const xattr of xattrs ?? []) setKeptXattr(at, xattr, place)
}
