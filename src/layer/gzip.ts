import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import { invariant } from '../base/index.ts'
import { compressBlocks } from './compress-blocks.ts'

export interface GzipOptions {
  /** 0 (stored) to 9; 6 when absent, as Go's default. */
  readonly level?: number
  /** Blocks compressed at the same time; 4 when absent, the size of Node's thread pool. Changes speed only, never a byte. */
  readonly threads?: number
}

const blockSize = 256 * 1024
/** What deflate can look back on (RFC 1951). */
const windowSize = 32 * 1024

const deflateBlock = promisify<Buffer, Parameters<typeof deflateRaw>[1] & object, Buffer>(deflateRaw)

/**
 * Compresses into one gzip member on several threads: the input is cut in blocks of 256 KB, each deflated on Node's
 * thread pool with the 32 KB before it as dictionary and flushed to a byte boundary, so that the parts join. The same
 * bytes for any number of threads and any cut of the input; no time, no name. Chunks of `chunks` are copied before
 * the next one is asked for.
 */
export async function* gzip(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: GzipOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { level = 6, threads = 4 } = options
  invariant(Number.isInteger(level) && level >= 0 && level <= 9, 'a gzip level is 0 to 9')
  let checksum = 0
  let size = 0
  let dictionary: Buffer | undefined
  yield header(level)
  yield* compressBlocks(chunks, { blockBytes: blockSize, threads }, (block) => {
    checksum = crc32(block, checksum)
    size += block.length
    const primed = dictionary ? { dictionary } : {}
    dictionary = block.subarray(Math.max(0, block.length - windowSize))
    return deflateBlock(block, { level, finishFlush: constants.Z_SYNC_FLUSH, ...primed })
  })
  yield trailer(checksum, size)
}

/** Magic, deflate, no flags, time 0, the level's hint, operating system 255 (unknown): RFC 1952, and what Go writes. */
function header(level: number): Buffer {
  return Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, level === 9 ? 2 : level === 1 ? 4 : 0, 255])
}

/** An empty final block, then checksum and size modulo 2^32. */
function trailer(checksum: number, size: number): Buffer {
  const bytes = Buffer.alloc(10)
  bytes.writeUInt16LE(0x0003, 0)
  bytes.writeUInt32LE(checksum, 2)
  bytes.writeUInt32LE(size % 2 ** 32, 6)
  return bytes
}
