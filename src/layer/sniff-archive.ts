import { spawnSync } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { gunzipSync, constants as zlibConstants, zstdDecompressSync } from 'node:zlib'
import { errnoCode } from '../base/index.ts'
import { translateError } from './archive-error.ts'
import { type Compression, compressionOf, missingCommand } from './decompress.ts'
import { checksumHolds, isZeroBlock } from './tar-fields.ts'
import { BLOCK } from './tar-header.ts'

/** How an ADD archive is stored. */
export type ArchiveKind = 'tar' | Compression

/** More than the largest zstd block, which comes out whole or not at all. */
const headSize = 256 * 1024
const maxHeadOutput = 64 * 1024 * 1024

/**
 * Tells by content alone whether ADD unpacks a file (dockerfile.md 1.7): a tar, or a compressed tar; its first header
 * must be sound, as in BuildKit. An empty file, an empty archive, a compressed file of something else, a symlink, and
 * anything that is no regular file give undefined. Throws `not-supported` when `xz` or `bzip2` is needed to look
 * inside and missing, `system-call-failed` and the like when the file cannot be read.
 */
export function sniffArchive(path: string): ArchiveKind | undefined {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    // A symlink (ELOOP), or a socket or a device without a driver (ENXIO): no archive.
    if (errnoCode(error) === 'ELOOP' || errnoCode(error) === 'ENXIO') return undefined
    throw translateError(error, `cannot read ${path}`)
  }
  try {
    return fstatSync(fd).isFile() ? sniffFile(fd) : undefined
  } finally {
    closeSync(fd)
  }
}

function sniffFile(fd: number): ArchiveKind | undefined {
  const buffer = Buffer.alloc(headSize)
  const head = buffer.subarray(0, readSync(fd, buffer, 0, headSize, 0))
  const compression = compressionOf(head)
  if (compression === undefined) return beginsTar(head) ? 'tar' : undefined
  return beginsTar(decompressedHead(fd, head, compression)) ? compression : undefined
}

function beginsTar(head: Buffer): boolean {
  const block = head.subarray(0, BLOCK)
  return block.length === BLOCK && !isZeroBlock(block) && checksumHolds(block)
}

const nothing: Buffer = Buffer.alloc(0)

/**
 * What comes out at the start; empty when the data is damaged. More and more of the input is taken until a header is
 * there, so that a bomb does not go off here (security 12).
 */
function decompressedHead(fd: number, head: Buffer, compression: Compression): Buffer {
  if (compression === 'xz') return commandHead(fd, 'xz', 'xz-utils')
  if (compression === 'bzip2') return commandHead(fd, 'bzip2', 'bzip2')
  let output = nothing
  for (let length = 256; output.length < BLOCK && length < 2 * head.length; length *= 2) {
    output = inflatedHead(head.subarray(0, length), compression)
  }
  return output
}

function inflatedHead(input: Buffer, compression: 'gzip' | 'zstd'): Buffer {
  try {
    // Flushing instead of finishing lets a stream that is cut off give what it has.
    if (compression === 'gzip')
      return gunzipSync(input, { finishFlush: zlibConstants.Z_SYNC_FLUSH, maxOutputLength: maxHeadOutput })
    return zstdDecompressSync(input, { finishFlush: zlibConstants.ZSTD_e_flush, maxOutputLength: maxHeadOutput })
  } catch {
    return nothing
  }
}

/** Lets the command read the file itself, and stops it as soon as it has given enough (ENOBUFS). */
function commandHead(fd: number, command: string, debianPackage: string): Buffer {
  const input = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY)
  try {
    const result = spawnSync(command, ['-dc'], {
      stdio: [input, 'pipe', 'ignore'],
      maxBuffer: 64 * 1024,
      killSignal: 'SIGKILL',
    })
    if (result.error && errnoCode(result.error) !== 'ENOBUFS')
      throw missingCommand(command, debianPackage, result.error)
    return result.stdout
  } finally {
    closeSync(input)
  }
}
