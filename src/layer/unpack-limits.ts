import { ToolError } from '../base/index.ts'
import { archiveTooLarge } from './archive-error.ts'
import type { TarHeader } from './tar-header.ts'

/** Limits that keep an archive from filling the machine (security 12). */
export interface UnpackLimits {
  /** Uncompressed bytes of the archive, and bytes of all files in it with holes counted. */
  readonly maxBytes: number
  readonly maxEntries: number
  /** Uncompressed bytes for each compressed byte, looked at past the first GiB. gzip cannot go over 1,032. */
  readonly maxRatio: number
}

const defaults: UnpackLimits = { maxBytes: 256 * 1024 ** 3, maxEntries: 10_000_000, maxRatio: 1_100 }
const ratioFreeBytes = 1024 ** 3

/** Counts what an archive gives, and throws `archive-too-large` when it goes past a limit. */
export class UnpackMeter {
  readonly #limits: UnpackLimits
  #fileBytes = 0
  bytes = 0
  entries = 0

  constructor(limits: Partial<UnpackLimits> = {}) {
    this.#limits = { ...defaults, ...limits }
  }

  addBytes(count: number, inputBytes: number): void {
    this.bytes += count
    if (this.bytes > this.#limits.maxBytes)
      throw archiveTooLarge(`the archive has more than ${this.#limits.maxBytes} bytes`, 'maxBytes')
    if (
      this.bytes > Math.min(ratioFreeBytes, this.#limits.maxBytes) &&
      this.bytes > inputBytes * this.#limits.maxRatio
    ) {
      throw archiveTooLarge(
        `the archive grows more than ${this.#limits.maxRatio} times when it is decompressed`,
        'maxRatio',
      )
    }
  }

  addEntry(header: TarHeader): void {
    this.entries++
    if (this.entries > this.#limits.maxEntries)
      throw archiveTooLarge(`the archive has more than ${this.#limits.maxEntries} entries`, 'maxEntries')
    this.#fileBytes += header.size
    if (this.#fileBytes > this.#limits.maxBytes)
      throw archiveTooLarge(`the files of the archive have more than ${this.#limits.maxBytes} bytes`, 'maxBytes')
  }
}

/** Passes chunks on until `signal` aborts; then throws `canceled`. */
export async function* guarded(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    if (signal?.aborted) throw new ToolError('canceled', 'unpacking was canceled')
    yield chunk
  }
}
