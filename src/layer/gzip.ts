import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import { invariant } from '../base/index.ts'

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
  invariant(Number.isInteger(threads) && threads >= 1, 'gzip needs a thread')
  const inFlight: Promise<Buffer>[] = []
  let checksum = 0
  let size = 0
  let dictionary: Buffer | undefined
  yield header(level)
  try {
    for await (const block of blocks(chunks)) {
      checksum = crc32(block, checksum)
      size += block.length
      if (inFlight.length >= threads) yield await next(inFlight)
      const primed = dictionary ? { dictionary } : {}
      const part = deflateBlock(block, { level, finishFlush: constants.Z_SYNC_FLUSH, ...primed })
      // A later part may fail while an earlier one is awaited: the failure waits here until its turn.
      part.catch(() => {})
      inFlight.push(part)
      dictionary = block.subarray(Math.max(0, block.length - windowSize))
    }
    while (inFlight.length > 0) yield await next(inFlight)
  } finally {
    await Promise.allSettled(inFlight)
  }
  yield trailer(checksum, size)
}

async function next(inFlight: Promise<Buffer>[]): Promise<Buffer> {
  const part = inFlight.shift()
  invariant(part, 'a part is in flight')
  return part
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

/** Joins and cuts chunks into blocks of the fixed size, the last one shorter; each block is a buffer of its own. */
async function* blocks(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  let block = Buffer.allocUnsafeSlow(blockSize)
  let used = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + blockSize - used)
      block.set(part, used)
      used += part.length
      at += part.length
      if (used < blockSize) continue
      yield block
      block = Buffer.allocUnsafeSlow(blockSize)
      used = 0
    }
  }
  if (used > 0) yield block.subarray(0, used)
}
