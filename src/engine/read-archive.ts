import { createHash } from 'node:crypto'
import { type Digest, digestOf, parseDigest, ToolError } from '../base/index.ts'
import { compressionOf } from '../layer/index.ts'
import {
  checkLayoutMarker,
  type Descriptor,
  decodeConfig,
  decodeDockerArchive,
  decodeIndex,
  decodeManifestDocument,
  formatPlatform,
  type ImageConfig,
  type ImageManifest,
  layoutBlobPath,
  layoutFiles,
  layoutImages,
  mediaTypes,
  offeredPlatforms,
  type Platform,
  selectManifest,
} from '../oci/index.ts'
import { type ImageArchive, isLayout } from './image-archive.ts'

/** An image of an archive, its documents read and checked. */
export interface ArchivedImage {
  /** Names it had where it was saved; none when the archive gives only a tag. */
  readonly names: readonly string[]
  readonly id: Digest
  readonly config: ImageConfig
  readonly configBytes: Uint8Array
  /** Layers bottom first; the manifest that named them, when the archive has one. */
  readonly manifest: Pick<ImageManifest, 'layers'>
  readonly manifestBytes?: Uint8Array
  /** The file of a layer. */
  layerFile(layer: Descriptor): string
}

/**
 * The images of an archive: of an OCI layout (of an index, the one for `platform`), else of docker's `manifest.json`. Throws
 * `ToolError` `archive-invalid`, `invalid-document`, `blob-mismatch`, `platform-mismatch`.
 */
export async function readArchive(archive: ImageArchive, platform: Platform): Promise<readonly ArchivedImage[]> {
  if (isLayout(archive)) {
    checkLayoutMarker(archive.read(layoutFiles.layout))
    const images = layoutImages(decodeIndex(archive.read(layoutFiles.index)))
    return images.map(({ descriptor, names }) => layoutImage(archive, descriptor, names, platform))
  }
  if (!archive.has(layoutFiles.dockerManifest)) {
    throw new ToolError('archive-invalid', 'this holds no images: there is neither an index.json nor a manifest.json', {
      hint: 'load takes what docker save, podman save or skopeo write; a tar of a root filesystem goes to `longshore import`',
    })
  }
  const images: ArchivedImage[] = []
  for (const image of decodeDockerArchive(archive.read(layoutFiles.dockerManifest))) {
    images.push(await dockerImage(archive, image))
  }
  return images
}

function layoutImage(
  archive: ImageArchive,
  entry: Descriptor,
  names: readonly string[],
  platform: Platform,
): ArchivedImage {
  let found = readDocument(archive, entry)
  for (let depth = 0; found.document.kind === 'index'; depth++) {
    const chosen = depth < 3 ? selectManifest(found.document.index, platform) : undefined
    if (chosen === undefined) {
      const offered = offeredPlatforms(found.document.index).join(', ') || 'no platform'
      throw new ToolError(
        'platform-mismatch',
        `${names[0] ?? entry.digest} is not made for ${formatPlatform(platform)}, only for ${offered}`,
        {
          hint: 'choose one with --platform',
        },
      )
    }
    found = readDocument(archive, chosen)
  }
  const { manifest } = found.document
  const configBytes = readBlob(archive, manifest.config)
  return {
    // A bare tag says nothing of the repository.
    names: names.filter((name) => /[:/]/.test(name)),
    id: manifest.config.digest,
    config: checkedConfig(configBytes, manifest.layers.length),
    configBytes,
    manifest,
    manifestBytes: found.bytes,
    layerFile: (layer) => layoutBlobPath(layer.digest),
  }
}

function readDocument(archive: ImageArchive, descriptor: Descriptor) {
  const bytes = readBlob(archive, descriptor)
  return { bytes, document: decodeManifestDocument(bytes, descriptor.mediaType) }
}

function readBlob(archive: ImageArchive, { digest }: Descriptor): Uint8Array {
  const bytes = archive.read(layoutBlobPath(digest))
  if (digestOf(bytes) === digest) return bytes
  throw new ToolError('blob-mismatch', `the blob ${digest} of the archive is not what its name says`, {
    hint: 'the archive is damaged: make or fetch it again',
  })
}

async function dockerImage(
  archive: ImageArchive,
  { config: configName, names, layers: layerNames }: ReturnType<typeof decodeDockerArchive>[number],
): Promise<ArchivedImage> {
  const configBytes = archive.read(configName)
  const config = checkedConfig(configBytes, layerNames.length)
  const files = new Map<Digest, string>()
  const layers: Descriptor[] = []
  for (const name of layerNames) {
    const descriptor = await describeLayer(archive, name)
    files.set(descriptor.digest, name)
    layers.push(descriptor)
  }
  return {
    names,
    id: digestOf(configBytes),
    config,
    configBytes,
    manifest: { layers },
    layerFile: (layer) => files.get(layer.digest) ?? '',
  }
}

function checkedConfig(bytes: Uint8Array, layers: number): ImageConfig {
  const config = decodeConfig(bytes)
  if (config.diffIds.length === layers) return config
  throw new ToolError(
    'invalid-document',
    `an image has ${layers} layers in its manifest, but ${config.diffIds.length} in its config`,
    {
      hint: 'the archive is damaged: make it again',
    },
  )
}

/** What a layer file is: docker's manifest names files, and says nothing about them. */
async function describeLayer(archive: ImageArchive, name: string): Promise<Descriptor> {
  const hash = createHash('sha256')
  let head: Uint8Array | undefined
  for await (const chunk of archive.open(name)) {
    head ??= chunk
    hash.update(chunk)
  }
  const compression = compressionOf(head ?? new Uint8Array())
  const mediaType =
    compression === 'zstd'
      ? mediaTypes.ociLayerZstd
      : compression === 'gzip'
        ? mediaTypes.ociLayerGzip
        : mediaTypes.ociLayer
  return { mediaType, digest: parseDigest(`sha256:${hash.digest('hex')}`), size: archive.sizeOf(name) }
}
