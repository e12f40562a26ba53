import { promisify } from 'node:util'
import { constants, type ZstdOptions, zstdCompress } from 'node:zlib'
import { invariant } from '../base/index.ts'
import { compressBlocks } from './compress-blocks.ts'

export interface ZstdCompressOptions {
  /** 1 to 22; 3 when absent, as zstd's own default. */
  readonly level?: number
  /** Blocks compressed at the same time; 3 when absent, since each takes some megabytes. Changes speed only, never a byte. */
  readonly threads?: number
}

/** The window of the usual levels, so that little is lost by starting anew; larger ones take memory for each thread. */
const blockBytes = 2 * 1024 * 1024

const compressFrame = promisify<Buffer, ZstdOptions, Buffer>(zstdCompress)

/**
 * Compresses into zstd frames (RFC 8878), one for each 2 MB of the input, on several threads; readers take frames in a row
 * as one stream. The same bytes for any number of threads and any cut of the input.
 */
export async function* zstd(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: ZstdCompressOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { level = 3, threads = 3 } = options
  invariant(Number.isInteger(level) && level >= 1 && level <= 22, 'a zstd level is 1 to 22')
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 }
  let empty = true
  for await (const frame of compressBlocks(chunks, { blockBytes, threads }, (block) =>
    compressFrame(block, { params }),
  )) {
    empty = false
    yield frame
  }
  if (empty) yield await compressFrame(Buffer.alloc(0), { params })
}
