import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, posix } from 'node:path'
import { baseName, parentPath, ToolError } from '../base/index.ts'
import { layerTar, unpackArchive } from '../layer/index.ts'
import { applyCopy, resolveInRoot, selectInRoot } from '../snapshot/index.ts'
import { Rooted } from '../snapshot/rooted.ts'
import {
  MNT_DETACH,
  MS_BIND,
  MS_REC,
  mount,
  O_CLOEXEC,
  O_PATH,
  openat2,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  setTimes,
  umount,
} from '../sys/index.ts'
import { type ContainerFiles, openContainerFiles } from './container-files.ts'
import type { ContainerRoom } from './container-room.ts'
import { hostPath } from './create-container.ts'
import { recordContainerEvent } from './record-container-event.ts'
import { writeWhole, writingTo } from './write-file.ts'

/** What to copy: a path of the container, and one of this machine or `-` for a tar on stdin or stdout. */
export interface CopyRequest {
  readonly id: string
  readonly direction: 'from-container' | 'to-container'
  readonly containerPath: string
  readonly hostPath: string
  /** Keep owners; else files become those of the one who asks, or in a container root's. */
  readonly archive: boolean
  /** Follow a source that is a symlink. */
  readonly followLink: boolean
}

/** Copies files between a container and this machine, by docker's rules. As a user this starts the command anew in a namespace. */
export async function copyFiles(room: ContainerRoom, request: CopyRequest): Promise<void> {
  const toContainer = request.direction === 'to-container'
  if (toContainer && request.hostPath !== '-') requireOnHost(hostPath(room.host.cwd, request.hostPath))
  const files = await openContainerFiles(room, request.id, 'write')
  try {
    if (request.hostPath === '-') await (toContainer ? takeTar(files, request) : giveTar(files, request))
    else await copyTree(room, files, request)
    const action = toContainer ? 'extract-to-dir' : 'archive-path'
    recordContainerEvent(room, room.containers.spec(request.id), action, { path: request.containerPath })
  } finally {
    files.close()
  }
}

function requireOnHost(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) throw missing(path)
}

/** One side of a copy: a path in a root, which for this machine is `/`. */
interface Side {
  readonly root: string
  readonly path: string
  /** As it was written, for messages. */
  readonly text: string
}

async function copyTree(room: ContainerRoom, files: ContainerFiles, request: CopyRequest): Promise<void> {
  const ours: Side = { root: '/', path: hostPath(room.host.cwd, request.hostPath), text: request.hostPath }
  const inside: Side = { root: files.root, path: posix.join('/', request.containerPath), text: request.containerPath }
  const [from, to] = request.direction === 'to-container' ? [ours, inside] : [inside, ours]
  const source = lookAt(from, request.followLink)
  if (source === undefined) throw missing(from.text)
  const destination = target(from, source, to)
  if (source === 'symlink') {
    copyLink(from, to.root, destination)
    return
  }
  const result = selectInRoot(from.root, [escapePattern(from.path)], [])
  if (result.kind === 'missing') throw missing(from.text)
  await applyCopy({
    source: { root: from.root, selection: result.selection },
    targetRoot: to.root,
    destination,
    ...(request.archive ? {} : { owner: { uid: 0, gid: 0 } }),
  })
  if (source === 'directory') keepTime(from, to.root, destination)
}

type Kind = 'file' | 'directory' | 'symlink'

/** What a path is: a symlink is one only when it is the last part and not to be followed. */
function lookAt(side: Side, follow: boolean): Kind | undefined {
  const link = follow || side.text.endsWith('/') || side.text.endsWith('/.') ? undefined : lstatIn(side)
  if (link?.isSymbolicLink()) return 'symlink'
  const real = resolveInRoot(side.root, side.path)
  if (real === undefined) return undefined
  return statSync(join(side.root, real)).isDirectory() ? 'directory' : 'file'
}

function lstatIn({ root, path }: Side): ReturnType<typeof statSync> | undefined {
  const rooted = new Rooted(root)
  try {
    const clean = path.replace(/^\/+|\/+$/g, '')
    return clean === ''
      ? undefined
      : lstatSync(rooted.at(parentPath(clean), baseName(clean)), { throwIfNoEntry: false })
  } catch {
    // A directory above it is not there.
    return undefined
  } finally {
    rooted.close()
  }
}

/** Where a copy goes, as docker has it: into a directory that is there, else under the name given. */
function target(from: Side, source: Kind, to: Side): string {
  const there = lookAt(to, true)
  const name = posix.basename(posix.normalize(from.path))
  if (there === 'directory') {
    const bringsContents = source === 'directory' && (/(^|\/)\.$/.test(from.text) || name === '')
    return bringsContents ? to.path : posix.join(to.path, name)
  }
  if (source === 'directory') {
    if (there === 'file') throw new ToolError('usage', `cannot copy a directory onto the file "${to.text}"`)
  } else if (to.text.endsWith('/')) {
    throw new ToolError('usage', `the directory "${to.text}" does not exist`, {
      hint: 'make it first, or leave the slash at the end out to give the file that name',
    })
  }
  const path = to.path.replace(/\/+$/, '')
  if (lookAt({ ...to, path: posix.dirname(path) }, true) === 'directory') return path
  throw new ToolError('usage', `the directory "${posix.dirname(to.text)}" does not exist`, { hint: 'make it first' })
}

function copyLink(from: Side, root: string, destination: string): void {
  const source = new Rooted(from.root)
  const targetRoot = new Rooted(root)
  try {
    const path = from.path.replace(/^\/+|\/+$/g, '')
    const text = readlinkSync(source.at(parentPath(path), baseName(path)))
    const clean = destination.replace(/^\/+/, '')
    const at = targetRoot.at(parentPath(clean), baseName(clean))
    const old = lstatSync(at, { throwIfNoEntry: false })
    if (old !== undefined && !old.isDirectory()) unlinkSync(at)
    symlinkSync(text, at)
  } finally {
    source.close()
    targetRoot.close()
  }
}

/** The copied directory itself has the time of its source. */
function keepTime(from: Side, root: string, destination: string): void {
  const source = resolveInRoot(from.root, from.path)
  const made = resolveInRoot(root, destination)
  if (source === undefined || made === undefined) return
  const rooted = new Rooted(root)
  try {
    // Without following what a container may have put there since.
    setTimes(
      rooted.at(parentPath(made), baseName(made) || '.'),
      statSync(join(from.root, source), { bigint: true }).mtimeNs,
    )
  } finally {
    rooted.close()
  }
}

/** A path as a pattern that means only it. */
function escapePattern(path: string): string {
  return path.replace(/[*?[\\]/g, '\\$&')
}

/** Unpacks a tar from stdin into a directory of the container. */
async function takeTar(files: ContainerFiles, request: CopyRequest): Promise<void> {
  const inside: Side = { root: files.root, path: posix.join('/', request.containerPath), text: request.containerPath }
  const there = lookAt(inside, true)
  if (there !== 'directory') {
    throw new ToolError('usage', `"${request.containerPath}" is no directory of the container`, {
      hint: 'a tar is unpacked into a directory that is there',
    })
  }
  await unpackArchive('/dev/stdin', files.root, inside.path)
}

/** Writes a path of the container as a tar, in which it has its own name, to stdout. */
async function giveTar(files: ContainerFiles, request: CopyRequest): Promise<void> {
  const inside: Side = { root: files.root, path: posix.join('/', request.containerPath), text: request.containerPath }
  const real = resolveInRoot(files.root, inside.path)
  if (real === undefined) throw missing(request.containerPath)
  const source = join(files.root, real)
  const isDirectory = statSync(source).isDirectory()
  const bringsContents = isDirectory && (/(^|\/)\.$/.test(request.containerPath) || real === '')
  if (bringsContents) {
    await writingTo('-', () => writeWhole('-', layerTar(source, files)))
    return
  }
  // Shown alone in a directory, so that the walk gives it its name; only our own mount namespace sees it.
  const frame = mkdtempSync(join(files.scratch, 'cp-'))
  const place = join(frame, baseName(real))
  if (isDirectory) mkdirSync(place)
  else writeFileSync(place, '')
  // By what is open: a container may have put a symlink there since.
  const fd = openInRoot(files.root, inside.path)
  try {
    mount(`/proc/self/fd/${fd}`, place, '', MS_BIND | MS_REC)
  } finally {
    closeSync(fd)
  }
  try {
    await writingTo('-', () => writeWhole('-', layerTar(frame, files)))
  } finally {
    umount(place, MNT_DETACH)
    if (isDirectory) rmdirSync(place)
    else unlinkSync(place)
    rmdirSync(frame)
  }
}

function openInRoot(root: string, path: string): number {
  const fd = openSync(root, O_PATH | O_CLOEXEC | constants.O_DIRECTORY)
  try {
    return openat2(fd, path, O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
  } finally {
    closeSync(fd)
  }
}

function missing(path: string): ToolError {
  return new ToolError('usage', `"${path}" does not exist`, { hint: 'check the path' })
}
