import { ToolError } from '../base/index.ts'
import { archiveTooLarge } from './archive-error.ts'
import type { TarHeader } from './tar-header.ts'

/** Limits that keep an archive from filling the machine (security 12). */
export interface UnpackLimits {
  /** Uncompressed bytes of the archive, and bytes of all files in it with holes counted. */
  readonly maxBytes: number
  readonly maxEntries: number
  /** Uncompressed bytes for each compressed byte. gzip cannot go over 1,032. */
  readonly maxRatio: number
  /** The ratio counts from this many uncompressed bytes on: small files of zeros are no attack. */
  readonly ratioFromBytes: number
}

const defaults: UnpackLimits = {
  maxBytes: 256 * 1024 ** 3,
  maxEntries: 10_000_000,
  maxRatio: 1_100,
  ratioFromBytes: 1024 ** 3,
}

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
    const { maxBytes, maxRatio, ratioFromBytes } = this.#limits
    this.bytes += count
    if (this.bytes > maxBytes) throw tooMuch(`the archive has more than ${maxBytes} bytes`)
    if (this.bytes > ratioFromBytes && this.bytes > inputBytes * maxRatio) {
      throw tooMuch(`the archive grows more than ${maxRatio} times when it is decompressed`)
    }
  }

  addEntry(header: TarHeader): void {
    const { maxBytes, maxEntries } = this.#limits
    this.entries++
    this.#fileBytes += header.size
    if (this.entries > maxEntries) throw tooMuch(`the archive has more than ${maxEntries} entries`)
    if (this.#fileBytes > maxBytes)
      throw tooMuch(`the files of the archive have more than ${maxBytes} bytes, holes counted`)
  }
}

function tooMuch(message: string): ToolError {
  return archiveTooLarge(
    message,
    'this limit keeps an archive from filling the machine: split the archive, or fetch it from a source you trust',
  )
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
