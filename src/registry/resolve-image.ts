import { type Digest, digestOf, isDigest, ToolError } from '../base/index.ts'
import { connectionError, readLimited } from '../http/index.ts'
import {
  type Descriptor,
  decodeConfig,
  decodeManifestDocument,
  familiarName,
  formatPlatform,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  isConfigMediaType,
  isLayerMediaType,
  type ManifestDocument,
  maxDocumentBytes,
  mediaTypes,
  offeredPlatforms,
  type Platform,
  type Reference,
  selectManifest,
} from '../oci/index.ts'
import { streamBlob } from './blob.ts'
import type { RegistryConnection } from './connection.ts'

/** An image as a registry has it for one platform: everything but its layers. */
export interface ResolvedImage {
  /** Digest of the manifest for the platform; pull by it from now on (security 53). */
  readonly digest: Digest
  readonly manifestBytes: Uint8Array
  readonly manifest: ImageManifest
  readonly configBytes: Uint8Array
  readonly config: ImageConfig
  /** Digest of what the tag points at, when that is an index. */
  readonly indexDigest?: Digest
  /** That index. */
  readonly index?: ImageIndex
  readonly indexBytes?: Uint8Array
}

const acceptedTypes = [mediaTypes.ociIndex, mediaTypes.dockerIndex, mediaTypes.ociManifest, mediaTypes.dockerManifest]
const maxIndexDepth = 3

/**
 * Finds the image a reference means for `platform`, following an index to the best match. An image without an index is
 * given whatever its platform: compare `config.platform`. Throws `ToolError` `platform-mismatch` when an index
 * has nothing that fits, `not-supported` for what is no image or keeps its layers elsewhere, `blob-mismatch`,
 * `invalid-document`, or a `registry-…` code.
 */
export async function resolveImage(
  connection: RegistryConnection,
  reference: Reference,
  platform: Platform,
  signal: AbortSignal | undefined,
): Promise<ResolvedImage> {
  const source: Source = { connection, reference, signal }
  let found = await fetchManifest(source, reference.digest ?? reference.tag ?? 'latest')
  const top = found
  for (let depth = 0; found.document.kind === 'index'; depth++) {
    const entry = depth < maxIndexDepth ? selectManifest(found.document.index, platform) : undefined
    if (entry === undefined) throw noMatch(reference, found.document.index, platform)
    found = await fetchManifest(source, entry.digest, entry)
  }
  const { manifest } = found.document
  checkImage(reference, manifest)
  const configBytes = await fetchConfig(source, manifest.config)
  const config = decodeConfig(configBytes)
  if (config.diffIds.length !== manifest.layers.length) {
    throw new ToolError(
      'invalid-document',
      `${familiarName(reference)} has ${manifest.layers.length} layers in its manifest, but ${config.diffIds.length} in its config`,
      { hint: 'the image is broken; build or push it again, or use another tag' },
    )
  }
  const resolved = { digest: found.digest, manifestBytes: found.bytes, manifest, configBytes, config }
  if (top.document.kind !== 'index') return resolved
  return { ...resolved, indexDigest: top.digest, index: top.document.index, indexBytes: top.bytes }
}

/** Where a manifest is. */
interface Source {
  readonly connection: RegistryConnection
  readonly reference: Reference
  readonly signal: AbortSignal | undefined
}

/** A manifest or an index as a registry has it. */
export interface FetchedManifest {
  readonly bytes: Uint8Array
  readonly digest: Digest
  readonly document: ManifestDocument
}

/** Fetches what a tag or digest leads to, and checks its digest. Throws as `resolveImage`. */
export async function fetchManifest(
  { connection, reference, signal }: Source,
  target: string,
  expected?: Descriptor,
): Promise<FetchedManifest> {
  const { repository } = reference
  const name = familiarName(reference)
  const answer = await connection.send({
    repository,
    resource: `manifests/${target}`,
    headers: { accept: acceptedTypes.join(', ') },
    signal,
  })
  if (answer.status !== 200) throw await connection.failure(answer, `manifest of ${name}`, repository)
  const bytes = await readLimited(answer, maxDocumentBytes).catch((error: unknown) => {
    throw connectionError(error, answer.url, signal)
  })
  const digest = digestOf(bytes)
  const announced = answer.header('docker-content-digest')
  const asked = isDigest(target) ? target : announced !== undefined && isDigest(announced) ? announced : digest
  if (asked !== digest || (expected !== undefined && expected.size !== bytes.byteLength)) {
    throw new ToolError(
      'blob-mismatch',
      `the manifest of ${name} should be ${asked}, but ${answer.url.host} sent ${digest} (${bytes.byteLength} bytes)`,
      {
        hint: 'the registry or something between is broken; pull again, and tell whoever runs the registry if it stays',
        details: { registry: connection.registry, expected: asked, found: digest },
      },
    )
  }
  const contentType = announcedType(answer.header('content-type'))
  if (expected !== undefined && contentType !== undefined && contentType !== expected.mediaType) {
    throw new ToolError(
      'invalid-document',
      `the index of ${name} calls ${digest} "${expected.mediaType}", ${answer.url.host} calls it "${contentType}"`,
      {
        hint: 'the image could be read in two ways and is refused; push it again with another tool',
      },
    )
  }
  return { bytes, digest, document: decodeManifestDocument(bytes, expected?.mediaType ?? contentType) }
}

/** The media type of a Content-Type, or undefined when it is one that servers send for want of a better. */
function announcedType(contentType: string | undefined): string | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase()
  const meaningless = ['', 'application/json', 'text/plain', 'application/octet-stream', 'binary/octet-stream']
  // Schema 1 says so in the document too, where it is refused with a better message.
  const old = type?.startsWith('application/vnd.docker.distribution.manifest.v1') === true
  return type === undefined || old || meaningless.includes(type) ? undefined : type
}

function noMatch(reference: Reference, index: ImageIndex, platform: Platform): ToolError {
  const offered = offeredPlatforms(index).join(', ') || 'no platform'
  return new ToolError(
    'platform-mismatch',
    `${familiarName(reference)} is not made for ${formatPlatform(platform)}, only for ${offered}`,
    {
      hint: 'use --platform with one of these, or another tag',
      details: { wanted: formatPlatform(platform), offered },
    },
  )
}

function checkImage(reference: Reference, manifest: ImageManifest): void {
  const name = familiarName(reference)
  if (!isConfigMediaType(manifest.config.mediaType)) {
    throw new ToolError(
      'not-supported',
      `${name} is not a container image: its config is a "${manifest.config.mediaType.slice(0, 100)}"`,
      {
        hint: 'registries keep charts, signatures and other things too; name an image',
      },
    )
  }
  for (const layer of manifest.layers) {
    if (layer.urls !== undefined) {
      throw new ToolError(
        'not-supported',
        `layer ${layer.digest} of ${name} is kept outside the registry, at an address of its own`,
        {
          hint: 'such foreign layers are not downloaded; only Windows images have them',
        },
      )
    }
    if (!isLayerMediaType(layer.mediaType)) {
      throw new ToolError(
        'not-supported',
        `layer ${layer.digest} of ${name} is a "${layer.mediaType.slice(0, 100)}", expected a tar, tar+gzip or tar+zstd`,
        {
          hint: 'push the image with gzip or zstd compression and without encryption',
        },
      )
    }
  }
}

async function fetchConfig({ connection, reference, signal }: Source, descriptor: Descriptor): Promise<Uint8Array> {
  if (descriptor.size > maxDocumentBytes) {
    throw new ToolError(
      'invalid-document',
      `the config of ${familiarName(reference)} has ${descriptor.size} bytes, more than the limit of ${maxDocumentBytes}`,
    )
  }
  const chunks: Uint8Array[] = []
  const options = signal === undefined ? {} : { signal }
  for await (const chunk of streamBlob(connection, reference.repository, descriptor, options)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
