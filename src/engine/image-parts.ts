import { digestOf, ToolError } from '../base/index.ts'
import { type Descriptor, encodeManifest, layerCompression, mediaTypes } from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import { findLayerBlob, type LayerBlob, type LayerBlobSettings, makeLayerBlob, storedBlob } from './layer-blob.ts'
import type { LayerCompressionChoice } from './layer-compression.ts'

export type ManifestFormat = 'oci' | 'docker'

/** In which form an image leaves the store. */
export interface ImageForm {
  readonly compression: LayerCompressionChoice
  /** Media types of the manifest; as the image was pulled, else OCI's, when absent. */
  readonly format?: ManifestFormat
}

/** All that an image is made of, as it leaves the store. */
export interface ImageParts {
  /** Descriptor of the manifest, with the platform. */
  readonly descriptor: Descriptor
  readonly manifestBytes: Uint8Array
  readonly config: Descriptor
  readonly configBytes: Uint8Array
  readonly layers: readonly LayerBlob[]
}

/** The parts of an image; layers that have no blob yet are compressed into the store. Throws `ToolError` `store-corrupt`. */
export async function imageParts(
  settings: LayerBlobSettings,
  image: StoredImage,
  form: ImageForm,
): Promise<ImageParts> {
  const pulled = pulledParts(settings.store, image, form)
  if (pulled !== undefined) return pulled
  const layers: LayerBlob[] = []
  for (const layer of image.layers) {
    const blob =
      findLayerBlob(settings, layer, form.compression) ??
      (await makeLayerBlob(settings, layer, form.compression).finished)
    layers.push({ ...blob, descriptor: inFormat(blob.descriptor, form.format) })
  }
  return {
    ...newManifest(
      settings.store,
      image,
      layers.map(({ descriptor }) => descriptor),
      form,
    ),
    layers,
  }
}

/** The image as it was pulled, when it can go on byte for byte: all its blobs are here, and nothing else is asked for. */
export function pulledParts(store: Store, image: StoredImage, form: ImageForm): ImageParts | undefined {
  const { manifest, manifestDigest } = image
  if (manifest === undefined || manifestDigest === undefined || form.compression.force) return undefined
  const isDocker = manifest.mediaType === mediaTypes.dockerManifest
  if (form.format !== undefined && isDocker !== (form.format === 'docker')) return undefined
  const manifestBytes = store.blobs.read(manifestDigest)
  if (manifestBytes === undefined || !manifest.layers.every(({ digest }) => store.blobs.has(digest))) return undefined
  const { mediaType, config } = manifest
  const descriptor = {
    mediaType,
    digest: manifestDigest,
    size: manifestBytes.byteLength,
    platform: image.config.platform,
  }
  const layers = manifest.layers.map((layer) => storedBlob(store, layer))
  return { descriptor, manifestBytes, config, configBytes: storedConfig(store, image), layers }
}

/** A manifest for an image whose layers go by these descriptors. */
export function newManifest(
  store: Store,
  image: StoredImage,
  layers: readonly Descriptor[],
  { format }: ImageForm,
): Omit<ImageParts, 'layers'> {
  // The stored bytes, not an encoding of ours: a pulled config must keep its digest.
  const configBytes = storedConfig(store, image)
  const isDocker = format === 'docker'
  const config = {
    mediaType: isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig,
    digest: image.id,
    size: configBytes.byteLength,
  }
  const mediaType = isDocker ? mediaTypes.dockerManifest : mediaTypes.ociManifest
  const manifestBytes = encodeManifest({ schemaVersion: 2, mediaType, config, layers, ...annotated(image, isDocker) })
  const { platform } = image.config
  const descriptor = { mediaType, digest: digestOf(manifestBytes), size: manifestBytes.byteLength, platform }
  return { descriptor, manifestBytes, config, configBytes }
}

/** Docker's manifests have no annotations. */
function annotated({ annotations }: StoredImage, isDocker: boolean): Pick<StoredImage, 'annotations'> {
  return annotations === undefined || isDocker ? {} : { annotations }
}

const dockerLayerTypes = {
  none: mediaTypes.dockerLayer,
  gzip: mediaTypes.dockerLayerGzip,
  zstd: mediaTypes.dockerLayerZstd,
} as const

/** A layer's descriptor with the media type of the format. */
export function inFormat(descriptor: Descriptor, format: ManifestFormat | undefined): Descriptor {
  if (format !== 'docker') return descriptor
  return { ...descriptor, mediaType: dockerLayerTypes[layerCompression(descriptor.mediaType) ?? 'none'] }
}

function storedConfig(store: Store, image: StoredImage): Uint8Array {
  const bytes = store.blobs.read(image.id)
  if (bytes !== undefined) return bytes
  throw new ToolError('store-corrupt', `the config ${image.id} is gone from the store`, {
    hint: 'build or pull the image again',
  })
}
