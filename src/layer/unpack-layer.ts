import { createHash } from 'node:crypto'
import { type DiffId, parseDiffId } from '../base/index.ts'
import type { OverlayXattrs } from '../ports/index.ts'
import { openDecompressed } from './decompress.ts'
import { LayerSink } from './layer-sink.ts'
import { TarReader } from './tar-reader.ts'
import type { WriteReport } from './tree-writer.ts'
import { guarded, type UnpackLimits, UnpackMeter } from './unpack-limits.ts'

export interface UnpackLayerOptions {
  readonly overlay: OverlayXattrs
  readonly limits?: Partial<UnpackLimits>
  readonly signal?: AbortSignal
}

export interface UnpackedLayer extends WriteReport {
  /** sha256 of the uncompressed bytes, to their very end. */
  readonly diffId: DiffId
  /** Number of uncompressed bytes. */
  readonly sizeBytes: number
  /** Number of tar entries, whiteouts included. */
  readonly entries: number
  /** The layer hides everything below it (`.wh..wh..opq` at its top); the kernel honours no opaque mark there. */
  readonly opaqueRoot: boolean
}

/**
 * Unpacks a layer blob (plain, gzip, zstd; xz and bzip2 through their commands; told by magic bytes) into an empty
 * directory, in overlay form: whiteouts become character devices 0:0, `.wh..wh..opq` the opaque xattr. Safe against
 * hostile archives (security 1-16). Chunks of `source` must stay as they are after the next is asked for. The blob's own digest is the caller's to check, and so is removing the directory
 * after a failure. File work is synchronous between chunks. Throws `archive-invalid`, `archive-too-large`,
 * `canceled`, `no-space`, `permission-denied`, `system-call-failed`, and what `source` throws.
 */
export async function unpackLayer(
  source: AsyncIterable<Uint8Array>,
  directory: string,
  options: UnpackLayerOptions,
): Promise<UnpackedLayer> {
  const meter = new UnpackMeter(options.limits)
  const hash = createHash('sha256')
  const sink = new LayerSink(directory, options.overlay, meter)
  try {
    const reader = new TarReader(sink)
    const input = await openDecompressed(source)
    for await (const chunk of guarded(input.bytes, options.signal)) {
      meter.addBytes(chunk.length, input.inputBytes)
      hash.update(chunk)
      reader.write(chunk)
    }
    reader.end()
    sink.finish()
    return {
      diffId: parseDiffId(`sha256:${hash.digest('hex')}`),
      sizeBytes: meter.bytes,
      entries: meter.entries,
      opaqueRoot: sink.opaqueRoot,
      ...sink.report,
    }
  } finally {
    sink.close()
  }
}
