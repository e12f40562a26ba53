import { type Digest, ToolError } from '../base/index.ts'
import {
  count,
  type Decoder,
  decodeJson,
  digest,
  type Fields,
  fieldsOf,
  integer,
  invalidDocument,
  listOf,
  mapOf,
  type Place,
  text,
} from './decoder.ts'
import { present } from './present.ts'
import { type Descriptor, type ImageIndex, type ImageManifest, mediaTypes, type Platform } from './types.ts'

/** What a registry gives for a tag or digest. */
export type ManifestDocument =
  | { readonly kind: 'manifest'; readonly manifest: ImageManifest }
  | { readonly kind: 'index'; readonly index: ImageIndex }

const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest]
const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerIndex]

/**
 * Decodes a manifest or an index, OCI's or docker's. `mediaType` is what the source calls it (a Content-Type, a
 * descriptor's media type); it must agree with the document, and a document that could be read as both is refused
 * (security 51). Throws `ToolError` `invalid-document`, or `not-supported` for docker's old schema 1.
 */
export function decodeManifestDocument(bytes: Uint8Array, mediaType?: string): ManifestDocument {
  return decodeJson(bytes, 'manifest', (value, place) => {
    const fields = fieldsOf(value, place)
    checkSchema(fields, place)
    const kind = kindOf(fields, place)
    const type = agreedType(fields, place, kind, mediaType)
    return kind === 'index' ? { kind, index: indexOf(fields, type) } : { kind, manifest: manifestOf(fields, type) }
  })
}

/** Decodes an image manifest; as `decodeManifestDocument`, and an index is refused too. */
export function decodeManifest(bytes: Uint8Array, mediaType?: string): ImageManifest {
  const document = decodeManifestDocument(bytes, mediaType)
  if (document.kind === 'manifest') return document.manifest
  throw invalidDocument({ document: 'manifest', path: '$' }, 'is an index, expected the manifest of one image')
}

/** Decodes an image index (also `index.json` of an image layout); as `decodeManifestDocument`, and a manifest is refused too. */
export function decodeIndex(bytes: Uint8Array, mediaType?: string): ImageIndex {
  const document = decodeManifestDocument(bytes, mediaType)
  if (document.kind === 'index') return document.index
  throw invalidDocument({ document: 'index', path: '$' }, 'is the manifest of one image, expected an index')
}

function checkSchema(fields: Fields, place: Place): void {
  const version = fields.required('schemaVersion', integer)
  if (version === 2) return
  if (version !== 1) throw invalidDocument({ ...place, path: '$.schemaVersion' }, `is ${version}, expected 2`)
  throw new ToolError('not-supported', "the image has a manifest of docker's schema 1, which ended in 2017", {
    hint: 'pull and push it once with a docker of that time, or use a newer tag',
  })
}

function kindOf(fields: Fields, place: Place): 'manifest' | 'index' {
  const isIndex = fields.has('manifests')
  if (isIndex && (fields.has('layers') || fields.has('config'))) {
    throw invalidDocument(
      place,
      'has both "manifests" and "layers" or "config": it could be read as two different images',
    )
  }
  if (isIndex || fields.has('layers') || fields.has('config')) return isIndex ? 'index' : 'manifest'
  throw invalidDocument(place, 'has neither "manifests" nor "layers" and "config"')
}

function agreedType(fields: Fields, place: Place, kind: 'manifest' | 'index', outer: string | undefined): string {
  const accepted = kind === 'index' ? indexTypes : manifestTypes
  const inner = fields.optional('mediaType', text)
  const at = { ...place, path: '$.mediaType' }
  if (inner !== undefined && !accepted.includes(inner)) {
    throw invalidDocument(at, `is "${inner.slice(0, 100)}", expected ${accepted.join(' or ')}`)
  }
  if (outer !== undefined && inner !== undefined && outer !== inner) {
    throw invalidDocument(at, `is "${inner}", but it was announced as "${outer.slice(0, 100)}"`)
  }
  if (outer !== undefined && !accepted.includes(outer)) {
    throw invalidDocument(
      place,
      `is an ${kind === 'index' ? 'index' : 'image manifest'}, but it was announced as "${outer.slice(0, 100)}"`,
    )
  }
  return inner ?? outer ?? (kind === 'index' ? mediaTypes.ociIndex : mediaTypes.ociManifest)
}

function manifestOf(fields: Fields, mediaType: string): ImageManifest {
  return present({
    schemaVersion: 2 as const,
    mediaType,
    artifactType: fields.optional('artifactType', text),
    config: fields.required('config', decodeDescriptor),
    layers: fields.required('layers', listOf(decodeDescriptor)),
    annotations: fields.optional('annotations', mapOf(text)),
  })
}

function indexOf(fields: Fields, mediaType: string): ImageIndex {
  return present({
    schemaVersion: 2 as const,
    mediaType,
    manifests: fields.required('manifests', listOf(decodeDescriptor)),
    annotations: fields.optional('annotations', mapOf(text)),
  })
}

/** Decodes a descriptor at `place`: media type, sha256 digest and size are required. */
export const decodeDescriptor: Decoder<Descriptor> = (value, place) => {
  const fields = fieldsOf(value, place)
  return present({
    mediaType: fields.required('mediaType', text),
    digest: fields.required<Digest>('digest', digest),
    size: fields.required('size', count),
    platform: fields.optional('platform', decodePlatform),
    annotations: fields.optional('annotations', mapOf(text)),
    urls: nonEmpty(fields.optional('urls', listOf(text))),
    data: fields.optional('data', text),
  })
}

const decodePlatform: Decoder<Platform> = (value, place) => {
  const fields = fieldsOf(value, place)
  return present({
    os: fields.required('os', text),
    architecture: fields.required('architecture', text),
    variant: fields.optional('variant', text) || undefined,
    osVersion: fields.optional('os.version', text) || undefined,
    osFeatures: nonEmpty(fields.optional('os.features', listOf(text))),
  })
}

function nonEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list
}
