import { createHash, hash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, type Stats } from 'node:fs'
import { type FileNode, printablePath, ToolError } from '../base/index.ts'

const buffer = Buffer.allocUnsafe(1024 * 1024)
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY

/**
 * Raw sha256 of the regular file that `node` described. Throws `ToolError` `context-unreadable` when the file is no
 * longer that one, or changed while it was read; `name` is what the message calls it.
 */
export function hashFile(at: string | Buffer, name: string, node: FileNode): Uint8Array {
  const fd = openSync(at, flags)
  try {
    const digest = hashDescriptor(fd)
    if (!isUnchanged(fstatSync(fd), node)) throw changed(name)
    return digest
  } finally {
    closeSync(fd)
  }
}

/** Text of the regular file that `node` described. Throws as `hashFile` does. */
export function readFileText(at: string | Buffer, name: string, node: FileNode): string {
  const fd = openSync(at, flags)
  try {
    const text = readFileSync(fd, 'utf8')
    if (!isUnchanged(fstatSync(fd), node)) throw changed(name)
    return text
  } finally {
    closeSync(fd)
  }
}

function hashDescriptor(fd: number): Uint8Array {
  let length = readSync(fd, buffer)
  if (length < buffer.length) {
    const more = readSync(fd, buffer, length, buffer.length - length, null)
    if (more === 0) return hash('sha256', buffer.subarray(0, length), 'buffer')
    length += more
  }
  const sum = createHash('sha256')
  for (; length > 0; length = readSync(fd, buffer)) sum.update(buffer.subarray(0, length))
  return sum.digest()
}

function isUnchanged(stats: Stats, node: FileNode): boolean {
  return (
    stats.isFile() &&
    stats.ino === node.inode &&
    stats.dev === node.device &&
    stats.size === node.sizeBytes &&
    stats.mtimeMs === node.mtimeMs &&
    stats.ctimeMs === node.ctimeMs
  )
}

function changed(name: string): ToolError {
  return new ToolError(
    'context-unreadable',
    `"${printablePath(name)}" in the build context changed while it was read`,
    {
      hint: 'build again when nothing writes to it, or leave it out with a line in .dockerignore',
      details: { path: printablePath(name) },
    },
  )
}
