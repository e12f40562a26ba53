import { createHash } from 'node:crypto'

/** How long pieces are, in bytes. */
export interface ChunkSizes {
  readonly min: number
  /** A power of two; what lies between the shortest and the cut is about this long. */
  readonly average: number
  readonly max: number
}

const usualSizes: ChunkSizes = { min: 256 * 1024, average: 1024 * 1024, max: 4 * 1024 * 1024 }

/** One number for each byte, the same everywhere and for ever: other numbers would make other cuts. */
const gear = gearTable()

/**
 * Cuts a stream in pieces whose ends depend on the bytes around them alone (gear hash, as in FastCDC), so that a change makes
 * other pieces only where it is. The same pieces however the stream came in. Chunks of `source` may be used again by their maker.
 */
export async function* contentChunks(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  sizes: ChunkSizes = usualSizes,
): AsyncGenerator<Buffer, void, undefined> {
  const { min, max } = sizes
  const shift = 32 - Math.log2(sizes.average)
  let piece = Buffer.allocUnsafe(max)
  let used = 0
  let hash = 0
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const end = Math.min(chunk.length, at + max - used)
      const from = at
      let isCut = false
      while (at < end && !isCut) {
        hash = ((hash << 1) + (gear[chunk[at] ?? 0] ?? 0)) | 0
        at += 1
        // The highest bits depend on the last 32 bytes.
        isCut = hash >>> shift === 0 && used + at - from >= min
      }
      piece.set(chunk.subarray(from, at), used)
      used += at - from
      if (!isCut && used < max) continue
      yield piece.subarray(0, used)
      piece = Buffer.allocUnsafe(max)
      used = 0
      hash = 0
    }
  }
  if (used > 0) yield piece.subarray(0, used)
}

function gearTable(): Int32Array {
  const table = new Int32Array(256)
  for (const index of table.keys()) table[index] = createHash('sha256').update(`gear ${index}`).digest().readInt32BE(0)
  return table
}
