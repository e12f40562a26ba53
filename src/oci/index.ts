/**
 * The OCI image model: references, platforms, documents and their bytes, what makes an image sound.
 * Bytes or text come in, plain values go out, and back. Pure: no disk, no network, no clock; nothing from
 * outside becomes a value without passing a decoder.
 */
export { decodeConfig } from './decode-config.ts'
export {
  decodeDescriptor,
  decodeIndex,
  decodeManifest,
  decodeManifestDocument,
  type ManifestDocument,
} from './decode-manifest.ts'
export {
  count,
  type Decoder,
  decodeJson,
  digest,
  fieldsOf,
  flag,
  integer,
  listOf,
  mapOf,
  maxDocumentBytes,
  text,
} from './decoder.ts'
export { encodeConfig } from './encode-config.ts'
export { encodeIndex, encodeManifest } from './encode-manifest.ts'
export {
  checkLayoutMarker,
  type DockerArchiveEntry,
  type DockerArchiveImage,
  decodeDockerArchive,
  encodeDockerManifest,
  encodeLayoutIndex,
  encodeLayoutMarker,
  type LayoutImage,
  layoutBlobPath,
  layoutFiles,
  layoutImages,
  nameAnnotations,
} from './layout.ts'
export {
  isConfigMediaType,
  isIndexMediaType,
  isLayerMediaType,
  isManifestMediaType,
  type LayerCompression,
  layerCompression,
} from './media-types.ts'
export {
  formatPlatform,
  hostPlatform,
  imageEntries,
  isAttestation,
  matchPlatform,
  normalizePlatform,
  offeredPlatforms,
  parsePlatform,
  selectByPlatform,
  selectManifest,
} from './platform.ts'
export {
  defaultRegistry,
  familiarName,
  formatReference,
  localName,
  parseReference,
  parseRegistry,
  type Reference,
  withDefaultTag,
} from './reference.ts'
export {
  type ContainerConfig,
  type Descriptor,
  type Healthcheck,
  type HistoryEntry,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  mediaTypes,
  type Platform,
} from './types.ts'
export { validateImage } from './validate-image.ts'
