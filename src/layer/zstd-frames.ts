import { invalidArchive } from './archive-error.ts'

type Part = 'magic' | 'skip-size' | 'descriptor' | 'block' | 'content'

/**
 * Cuts a zstd stream at the ends of its frames (RFC 8878, 3.1). Node's decompressor drops what follows a frame in the
 * same write without a word, and real layers have many frames (zstd:chunked, pzstd). Throws `archive-invalid` for
 * what is no frame and for a stream that stops inside one.
 */
export async function* zstdFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const scanner = new FrameScanner()
  for await (const chunk of source) {
    let start = 0
    for (const end of scanner.frameEnds(chunk)) {
      yield chunk.subarray(start, end)
      start = end
    }
    if (start < chunk.length) yield chunk.subarray(start)
  }
  scanner.end()
}

/** Follows the headers of frames and blocks, and skips what they hold. */
class FrameScanner {
  #part: Part = 'magic'
  /** What comes after the content being skipped. */
  #next: Part = 'magic'
  #skip = 0
  #checksum = false
  /** Bytes of the header being collected, little-endian. */
  #value = 0
  #have = 0

  frameEnds(chunk: Uint8Array): number[] {
    const ends: number[] = []
    let at = 0
    while (at < chunk.length) {
      if (this.#part === 'content') {
        const count = Math.min(this.#skip, chunk.length - at)
        this.#skip -= count
        at += count
      } else {
        this.#collect(chunk[at++] ?? 0)
      }
      if (this.#part === 'content' && this.#skip === 0) {
        this.#part = this.#next
        if (this.#part === 'magic') ends.push(at)
      }
    }
    return ends
  }

  end(): void {
    if (this.#part !== 'magic' || this.#have > 0) throw invalidArchive('the compressed data is cut off')
  }

  #collect(byte: number): void {
    this.#value += byte * 2 ** (8 * this.#have++)
    if (this.#have < headerLength(this.#part)) return
    const value = this.#value
    this.#value = 0
    this.#have = 0
    switch (this.#part) {
      case 'magic':
        if (value === 0xfd2fb528) this.#part = 'descriptor'
        else if (value >= 0x184d2a50 && value <= 0x184d2a5f) this.#part = 'skip-size'
        else throw invalidArchive('something that is no zstd frame follows the compressed data')
        return
      case 'skip-size':
        this.#skipThen(value, 'magic')
        return
      case 'descriptor':
        this.#checksum = (value & 0x04) !== 0
        this.#skipThen(frameHeaderRest(value), 'block')
        return
      default:
        this.#block(value)
    }
  }

  #block(value: number): void {
    const last = (value & 1) !== 0
    const type = (value >> 1) & 3
    if (type === 3) throw invalidArchive('the compressed data has a block of an unknown type')
    const size = type === 1 ? 1 : value >>> 3
    this.#skipThen(size + (last && this.#checksum ? 4 : 0), last ? 'magic' : 'block')
  }

  #skipThen(count: number, next: Part): void {
    this.#part = 'content'
    this.#skip = count
    this.#next = next
  }
}

function headerLength(part: Part): number {
  return part === 'descriptor' ? 1 : part === 'block' ? 3 : 4
}

/** Bytes of a frame header after its descriptor: window, dictionary id, content size. */
function frameHeaderRest(descriptor: number): number {
  const single = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const content = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  return (single ? 0 : 1) + dictionary + content
}
