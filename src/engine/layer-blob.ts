import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { parseDigest, ToolError } from '../base/index.ts'
import { gzip, layerTar, openDecompressed, zstd } from '../layer/index.ts'
import { type Descriptor, layerCompression, mediaTypes } from '../oci/index.ts'
import type { Layer, OverlayXattrs } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import { followFile } from './follow-file.ts'
import type { LayerCompressionChoice } from './layer-compression.ts'

export interface LayerBlobSettings {
  readonly store: Store
  readonly overlay: OverlayXattrs
  readonly signal: AbortSignal
}

/** A blob of the store, or one that can be made again at will. */
export interface LayerBlob {
  readonly descriptor: Descriptor
  /** The bytes from `offset` on. */
  open(offset: number): AsyncIterable<Uint8Array>
}

/** A blob that is being made. */
export interface GrowingLayerBlob {
  /** All its bytes, read while it grows. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** The blob when it is complete and in the store. */
  readonly finished: Promise<LayerBlob>
}

const readBytes = 1 << 20

/**
 * The blob as which a layer leaves the store, if there is one: as it was pulled, as it was made before, or its plain tar. A pulled
 * tar without compression counts as not compressed yet.
 */
export function findLayerBlob(
  { store, overlay }: LayerBlobSettings,
  layer: Layer,
  choice: LayerCompressionChoice,
): LayerBlob | undefined {
  const { method } = choice
  const pulled = layer.blob === undefined || !store.blobs.has(layer.blob.digest) ? undefined : layer.blob
  if (pulled !== undefined) {
    const compression = layerCompression(pulled.mediaType) ?? 'none'
    const fits =
      method === 'uncompressed' ? compression === 'none' : compression === method && choice.level === undefined
    if (fits || (!choice.force && compression !== 'none')) return storedBlob(store, ociLayer(pulled))
  }
  if (method === 'uncompressed') {
    const descriptor = { mediaType: mediaTypes.ociLayer, digest: plainDigest(layer), size: layer.sizeBytes }
    return { descriptor, open: (offset) => skipBytes(layerBytes(store, overlay, layer), offset) }
  }
  const made = store.layers.forms(layer.diffId)[methodName(choice)]
  return made === undefined || !store.blobs.has(made.digest) ? undefined : storedBlob(store, made)
}

/** Compresses a layer into the store, where it is found the next time. Rejects with `store-corrupt` when the tar is not the layer's. */
export function makeLayerBlob(
  settings: LayerBlobSettings,
  layer: Layer,
  choice: LayerCompressionChoice,
): GrowingLayerBlob {
  const { store } = settings
  const blob = store.blobs.create()
  const file = followFile(blob.path)
  const finished = compressInto(settings, layer, choice, (chunk) => {
    blob.write(chunk)
    file.grown(chunk.length)
  }).then(
    (mediaType): LayerBlob => {
      const descriptor = { mediaType, ...blob.commit() }
      store.layers.rememberForm(layer.diffId, methodName(choice), descriptor)
      file.end()
      return storedBlob(store, descriptor)
    },
    (error: unknown) => {
      blob.discard()
      file.end(error)
      throw error
    },
  )
  // Whoever reads the bytes first learns of a failure there.
  finished.catch(() => {})
  return { bytes: file.bytes(), finished }
}

async function compressInto(
  { store, overlay, signal }: LayerBlobSettings,
  layer: Layer,
  { method, level }: LayerCompressionChoice,
  write: (chunk: Uint8Array) => void,
): Promise<string> {
  const hash = createHash('sha256')
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of layerBytes(store, overlay, layer)) {
      if (signal.aborted) throw new ToolError('canceled', 'compressing a layer was canceled')
      hash.update(chunk)
      yield chunk
    }
  }
  const options = level === undefined ? {} : { level }
  for await (const chunk of method === 'zstd' ? zstd(hashed(), options) : gzip(hashed(), options)) write(chunk)
  const found = `sha256:${hash.digest('hex')}`
  if (found !== layer.diffId) {
    throw new ToolError(
      'store-corrupt',
      `the files of the layer ${layer.diffId} are not what they were: now ${found}`,
      {
        hint: 'build or pull the image again; `longshore system check` looks for more',
      },
    )
  }
  return method === 'zstd' ? mediaTypes.ociLayerZstd : mediaTypes.ociLayerGzip
}

/** The uncompressed tar of a layer: of the blob that was pulled, since only that has its exact bytes; else of its tree. */
async function* layerBytes(store: Store, overlay: OverlayXattrs, layer: Layer): AsyncGenerator<Uint8Array> {
  if (layer.blob === undefined) {
    yield* layerTar(store.layers.treePath(layer.diffId), { overlay })
    return
  }
  if (!store.blobs.has(layer.blob.digest)) {
    throw new ToolError('store-corrupt', `the blob ${layer.blob.digest} of a pulled layer is gone from the store`, {
      hint: 'remove the image and pull it again',
    })
  }
  const blob = createReadStream(store.blobs.path(layer.blob.digest), { highWaterMark: readBytes })
  yield* (await openDecompressed(blob)).bytes
}

/** A blob of the store, read from its file. */
export function storedBlob(store: Store, descriptor: Descriptor): LayerBlob {
  const path = store.blobs.path(descriptor.digest)
  return { descriptor, open: (start) => createReadStream(path, { start, highWaterMark: readBytes }) }
}

/** The bytes of a stream from `count` on. */
export async function* skipBytes(chunks: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count
  for await (const chunk of chunks) {
    const skipped = Math.min(left, chunk.length)
    left -= skipped
    // A copy: the maker of the tar uses its buffer again, and a socket may hold on to it.
    if (skipped < chunk.length) yield Buffer.from(chunk.subarray(skipped))
  }
}

/** How a blob was made, as the store remembers it. Another zlib may make other bytes, which do no harm. */
function methodName({ method, level }: LayerCompressionChoice): string {
  return level === undefined ? method : `${method}-${level}`
}

/** A diffId is the digest of the uncompressed blob. */
function plainDigest(layer: Layer): Descriptor['digest'] {
  return parseDigest(layer.diffId)
}

function ociLayer({ mediaType, digest, size }: Descriptor): Descriptor {
  const byCompression = {
    none: mediaTypes.ociLayer,
    gzip: mediaTypes.ociLayerGzip,
    zstd: mediaTypes.ociLayerZstd,
  } as const
  return { mediaType: byCompression[layerCompression(mediaType) ?? 'none'], digest, size }
}
