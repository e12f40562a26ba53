import {
  type ContentDigest,
  type DiffId,
  type Digest,
  digestHex,
  digestOf,
  parseContentDigest,
  parseDiffId,
  parseStepKey,
  type StepKey,
  ToolError,
} from '../base/index.ts'
import {
  count,
  type Decoder,
  type Descriptor,
  decodeJson,
  decodeManifest,
  digest,
  encodeManifest,
  fieldsOf,
  type ImageManifest,
  layerCompression,
  maxDocumentBytes,
  mediaTypes,
  text,
} from '../oci/index.ts'

/** The result of a step as it travels: what the store keeps of it, but for what whoever asks for its key knows. */
export interface StepResult {
  readonly key: StepKey
  readonly durationMs: number
  /** RFC 3339. */
  readonly created: string
  readonly layer: TravellingLayer
}

/** A layer, and the blob that holds it. */
export interface TravellingLayer {
  readonly diffId: DiffId
  readonly contentDigest: ContentDigest
  readonly sizeBytes: number
  readonly entries: number
  readonly created: string
  readonly blob: Descriptor
}

/** The identity of files that a COPY --from or a mount picks from a root filesystem. */
export interface SelectionResult {
  readonly key: StepKey
  readonly contentDigest: ContentDigest
}

/** An entry ready to be stored: its document, and the small blobs that it names, besides a layer's. */
export interface EncodedEntry {
  /** Of the entry in a `CachePlace`. */
  readonly name: string
  readonly document: Uint8Array
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[]
}

/** What a directory of RUN --mount=type=cache holds: its tar, cut in pieces that are blobs of their own. */
export interface MountResult {
  readonly key: StepKey
  /** Of the tar. */
  readonly digest: Digest
  readonly sizeBytes: number
  readonly created: string
  readonly chunks: readonly Descriptor[]
}

const stepType = 'application/vnd.longshore.step.v1'
const selectionType = 'application/vnd.longshore.selection.v1'
const mountType = 'application/vnd.longshore.mount.v1'
/** A piece of a tar, compressed by zstd. */
export const chunkType = 'application/vnd.longshore.chunk.v1+zstd'
/** What a manifest has for a layer when it has none (OCI image-spec, "guidelines for artifact usage"). */
const emptyBlob = { mediaType: 'application/vnd.oci.empty.v1+json', bytes: Buffer.from('{}') } as const

/** Largest document of an entry, in bytes; one of ours has about one kilobyte. */
const maxEntryBytes = 64 * 1024
/** Longest piece, compressed. */
const maxChunkBytes = 8 * 1024 * 1024
/** RFC 3339, as it goes into an image's config. */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** Name of a key's entry. */
export function entryName(key: StepKey): string {
  return digestHex(key)
}

/**
 * A step's result as an OCI artifact: its config is the record, and the manifest carries it along (`data`), so that reading an
 * entry takes one request; its layer is the step's.
 */
export function encodeStepResult({ key, durationMs, created, layer }: StepResult): EncodedEntry {
  const { blob, ...digests } = layer
  const { mediaType, digest: blobDigest, size } = blob
  const record = { key, durationMs, created, layer: digests }
  return encode(key, stepType, record, [{ mediaType, digest: blobDigest, size }], [])
}

/** A selection as an OCI artifact without a layer. */
export function encodeSelectionResult({ key, contentDigest }: SelectionResult): EncodedEntry {
  const { mediaType, bytes } = emptyBlob
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
  return encode(key, selectionType, { key, contentDigest }, [descriptor], [{ descriptor, bytes }])
}

/** A cache mount as an OCI artifact whose layers are the pieces, in order. */
export function encodeMountResult({ chunks, ...record }: MountResult): EncodedEntry {
  return encode(record.key, mountType, record, chunks, [])
}

function encode(
  key: StepKey,
  artifactType: string,
  record: object,
  layers: readonly Descriptor[],
  blobs: EncodedEntry['blobs'],
): EncodedEntry {
  const bytes = Buffer.from(JSON.stringify(record))
  const mediaType = `${artifactType}+json`
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length }
  const config = { ...descriptor, data: bytes.toString('base64') }
  const document = encodeManifest({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, artifactType, config, layers })
  return { name: entryName(key), document, blobs: [{ descriptor, bytes }, ...blobs] }
}

/**
 * Reads the entry of a step. Everything about it is checked but whether the layer's blob is what it says. Throws `ToolError`
 * `invalid-document` when it is no such entry or that of another key.
 */
export function decodeStepResult(key: StepKey, document: Uint8Array): StepResult {
  const { manifest, record } = openEntry(document, stepType)
  const decoded = decodeJson(record, 'cache entry', stepRecord, hint)
  const [blob, ...others] = manifest.layers
  if (decoded.key !== key) throw invalid(`is of the key ${decoded.key}, expected ${key}`)
  if (blob === undefined || others.length > 0) throw invalid(`has ${manifest.layers.length} layers, expected one`)
  if (layerCompression(blob.mediaType) === undefined) throw invalid(`has a layer of the type "${blob.mediaType}"`)
  const { mediaType, digest: blobDigest, size } = blob
  return { ...decoded, layer: { ...decoded.layer, blob: { mediaType, digest: blobDigest, size } } }
}

/** Reads the entry of a selection; as `decodeStepResult`. */
export function decodeSelectionResult(key: StepKey, document: Uint8Array): SelectionResult {
  const { record } = openEntry(document, selectionType)
  const decoded = decodeJson(record, 'cache entry', selectionRecord, hint)
  if (decoded.key !== key) throw invalid(`is of the key ${decoded.key}, expected ${key}`)
  return decoded
}

/** Reads the entry of a cache mount; as `decodeStepResult`. */
export function decodeMountResult(key: StepKey, document: Uint8Array): MountResult {
  const { manifest, record } = openEntry(document, mountType, maxDocumentBytes)
  const decoded = decodeJson(record, 'cache entry', mountRecord, hint)
  if (decoded.key !== key) throw invalid(`is of the key ${decoded.key}, expected ${key}`)
  const chunks = manifest.layers.map(({ mediaType, digest: blobDigest, size }) => {
    if (mediaType !== chunkType || size > maxChunkBytes) throw invalid(`has a piece of ${size} bytes, "${mediaType}"`)
    return { mediaType, digest: blobDigest, size }
  })
  return { ...decoded, chunks }
}

function openEntry(
  document: Uint8Array,
  type: string,
  maxBytes = maxEntryBytes,
): { readonly manifest: ImageManifest; readonly record: Uint8Array } {
  if (document.length > maxBytes) throw invalid(`has ${document.length} bytes, more than ${maxBytes}`)
  const manifest = decodeManifest(document)
  const { mediaType, data, digest: recordDigest } = manifest.config
  if (mediaType !== `${type}+json`) throw invalid(`is a "${mediaType.slice(0, 80)}", expected ${type}+json`)
  const record = Buffer.from(data ?? '', 'base64')
  if (digestOf(record) !== recordDigest) throw invalid('does not carry the record that it names')
  return { manifest, record }
}

/** RFC 3339. */
export const time: Decoder<string> = (value, place) => {
  const found = text(value, place)
  if (timePattern.test(found) && Number.isFinite(Date.parse(found))) return found
  throw invalid(`says the time "${found.slice(0, 40)}", expected RFC 3339`)
}

/** Milliseconds. */
export const duration: Decoder<number> = (value) => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw invalid('has no duration')
}

/** A layer without its blob. */
export const layerRecord: Decoder<Omit<TravellingLayer, 'blob'>> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    diffId: parseDiffId(fields.required('diffId', digest)),
    contentDigest: parseContentDigest(fields.required('contentDigest', digest)),
    sizeBytes: fields.required('sizeBytes', count),
    entries: fields.required('entries', count),
    created: fields.required('created', time),
  }
}

const stepRecord: Decoder<Omit<StepResult, 'layer'> & { readonly layer: Omit<TravellingLayer, 'blob'> }> = (
  value,
  place,
) => {
  const fields = fieldsOf(value, place)
  return {
    key: parseStepKey(fields.required('key', digest)),
    durationMs: fields.required('durationMs', duration),
    created: fields.required('created', time),
    layer: fields.required('layer', layerRecord),
  }
}

const selectionRecord: Decoder<SelectionResult> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    key: parseStepKey(fields.required('key', digest)),
    contentDigest: parseContentDigest(fields.required('contentDigest', digest)),
  }
}

const mountRecord: Decoder<Omit<MountResult, 'chunks'>> = (value, place) => {
  const fields = fieldsOf(value, place)
  return {
    key: parseStepKey(fields.required('key', digest)),
    digest: fields.required('digest', digest),
    sizeBytes: fields.required('sizeBytes', count),
    created: fields.required('created', time),
  }
}

const hint = 'the cache is damaged or something else was written to it: clear it, or name another'

function invalid(problem: string): ToolError {
  return new ToolError('invalid-document', `invalid cache entry: it ${problem}`, { hint })
}
