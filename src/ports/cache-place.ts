import type { Descriptor } from '../oci/types.ts'

/** A blob that can be read as often as needed. */
export interface CacheBlob {
  readonly descriptor: Descriptor
  /** The bytes from `offset` on. */
  open(offset: number): AsyncIterable<Uint8Array>
}

export interface CacheTransfer {
  readonly signal: AbortSignal
  /** Called with the number of bytes sent so far. */
  readonly onProgress: (sentBytes: number) => void
}

/**
 * A place outside of the store where results are kept for other stores: entries, which are small documents by name, and
 * the blobs that those name. Any number of processes use it at once. Whatever comes from it is to be checked by whoever
 * reads it. Throws `ToolError` when the place does not answer or refuses.
 */
export interface CachePlace {
  /** Names it in messages: `registry cache 127.0.0.1:5000/app:cache`. */
  readonly name: string
  /** Undefined when there is no such entry. `name` is hexadecimal digits. */
  readEntry(name: string, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Stores an entry whose blobs are all there; seen whole or not at all. */
  writeEntry(name: string, document: Uint8Array, signal: AbortSignal): Promise<void>
  /** A blob's bytes as they are there. */
  readBlob(descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Sees to it that a blob is there; one that is already is not read. */
  writeBlob(blob: CacheBlob, transfer: CacheTransfer): Promise<void>
  close(): Promise<void>
}
