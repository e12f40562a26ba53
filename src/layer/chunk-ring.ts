import { createHash } from 'node:crypto'
import { invariant } from '../base/index.ts'
import { chunkSize } from './layer-tar.ts'

const slots = 8
const digestSize = 32
/** Places in the words at the front: chunks given, chunks taken, digests answered, then the length of each slot. */
const [given, taken, answered, lengths] = [0, 1, 2, 3]
const digestAt = (lengths + slots) * Int32Array.BYTES_PER_ELEMENT
const dataAt = digestAt + digestSize
/** Nobody takes this long to hash a few chunks: the other thread is gone. */
const patienceMs = 60_000

/**
 * Chunks on their way from a thread that makes them to one that hashes them, in memory both see; whoever is ahead
 * waits. One writer, one reader. A writer ends each series with `end`, and may begin another.
 */
export class ChunkRing {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array<SharedArrayBuffer>

  /** `memory` is that of the ring at the other end. */
  constructor(memory = new SharedArrayBuffer(dataAt + slots * chunkSize)) {
    this.memory = memory
    this.#words = new Int32Array(memory, 0, lengths + slots)
  }

  /** Writer: the chunk to fill next. */
  free(): Buffer {
    const at = this.#words[given] ?? 0
    while (at - Atomics.load(this.#words, taken) >= slots) this.#wait(taken, at - slots)
    return this.#chunk(at)
  }

  /** Writer: passes on the first `length` bytes of the chunk that `free` gave. */
  give(length: number): void {
    const at = this.#words[given] ?? 0
    this.#words[lengths + (at % slots)] = length
    this.#advance(given)
  }

  /** Writer: the sha256 of all that was given since the last `end`. Throws when the reader is gone. */
  end(): Buffer {
    const before = Atomics.load(this.#words, answered)
    this.free()
    this.give(0)
    while (Atomics.load(this.#words, answered) === before) this.#wait(answered, before)
    return Buffer.from(Buffer.from(this.memory, digestAt, digestSize))
  }

  /** Reader: hashes series after series; never returns. */
  hashAll(): never {
    let hash = createHash('sha256')
    for (let at = 0; ; at++) {
      while (Atomics.load(this.#words, given) === at) Atomics.wait(this.#words, given, at)
      const length = this.#words[lengths + (at % slots)] ?? 0
      if (length > 0) hash.update(this.#chunk(at).subarray(0, length))
      this.#advance(taken)
      if (length > 0) continue
      Buffer.from(this.memory, digestAt, digestSize).set(hash.digest())
      hash = createHash('sha256')
      this.#advance(answered)
    }
  }

  #chunk(at: number): Buffer {
    return Buffer.from(this.memory, dataAt + (at % slots) * chunkSize, chunkSize)
  }

  #advance(word: number): void {
    Atomics.add(this.#words, word, 1)
    Atomics.notify(this.#words, word)
  }

  #wait(word: number, value: number): void {
    const result = Atomics.wait(this.#words, word, value, patienceMs)
    invariant(result !== 'timed-out', 'the thread that hashes does not answer')
  }
}
