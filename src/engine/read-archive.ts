import { createHash } from 'node:crypto'
import { type Digest, digestHex, digestOf, parseDigest, ToolError } from '../base/index.ts'
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
  type ImageIndex,
  type ImageManifest,
  imageEntries,
  layoutBlobPath,
  layoutFiles,
  layoutImages,
  type ManifestDocument,
  mediaTypes,
  offeredPlatforms,
  type Platform,
  selectManifest,
} from '../oci/index.ts'
import { type ImageArchive, isLayout } from './image-archive.ts'

/** An image of an archive, its documents read and checked. */
export interface ArchivedImage {
  readonly id: Digest
  readonly config: ImageConfig
  readonly configBytes: Uint8Array
  /** Layers bottom first; the manifest that named them, when the archive has one. */
  readonly manifest: Pick<ImageManifest, 'layers'>
  readonly manifestBytes?: Uint8Array
  /** The file of a layer. */
  layerFile(layer: Descriptor): string
}

/** What the names of an archive lead to: an image, or several of an index. */
export interface ArchivedEntry {
  /** Names it had where it was saved; none when the archive gives only a tag. */
  readonly names: readonly string[]
  readonly images: readonly ArchivedImage[]
  /** The index that has the images, of which the archive may have more. */
  readonly index?: { readonly index: ImageIndex; readonly bytes: Uint8Array }
}

/**
 * What is in an archive: in an OCI layout or a directory as skopeo's `dir:` (of an index all images that are there, or the one
 * for `platform`), else by docker's `manifest.json`. Throws `ToolError` `archive-invalid`, `invalid-document`, `blob-mismatch`, `platform-mismatch`.
 */
export async function readArchive(
  archive: ImageArchive,
  platform: Platform | undefined,
): Promise<readonly ArchivedEntry[]> {
  if (isLayout(archive)) {
    checkLayoutMarker(archive.read(layoutFiles.layout))
    const images = layoutImages(decodeIndex(archive.read(layoutFiles.index)))
    return images.map(({ descriptor, names }) => ({
      // A bare tag says nothing of the repository.
      names: names.filter((name) => /[:/]/.test(name)),
      ...layoutEntry(archive, descriptor, names[0] ?? descriptor.digest, platform),
    }))
  }
  if (!archive.has(layoutFiles.dockerManifest)) {
    throw new ToolError('archive-invalid', 'this holds no images: there is neither an index.json nor a manifest.json', {
      hint: 'load takes what docker save, podman save or skopeo write; a tar of a root filesystem goes to `longshore import`',
    })
  }
  const bytes = archive.read(layoutFiles.dockerManifest)
  if (isOneManifest(bytes)) return [imageDirectory(archive, bytes, platform)]
  const entries: ArchivedEntry[] = []
  for (const image of decodeDockerArchive(bytes)) {
    entries.push({ names: image.names, images: [await dockerImage(archive, image)] })
  }
  return entries
}

const maxIndexDepth = 3

/** Files of an archive by the digests of what is in them. */
interface BlobFiles {
  readonly archive: ImageArchive
  readonly fileOf: (digest: Digest) => string
}

/** The `manifest.json` of docker's archives is a list of images, that of skopeo's directories a manifest. */
function isOneManifest(bytes: Uint8Array): boolean {
  return /^\s*\{/.test(Buffer.from(bytes).toString('latin1'))
}

/** The image of a directory, or those of a list: manifests and blobs are named by the digits of their digests. */
function imageDirectory(archive: ImageArchive, bytes: Uint8Array, platform: Platform | undefined): ArchivedEntry {
  const fileOf = (digest: Digest): string => {
    const manifest = `${digestHex(digest)}.manifest.json`
    return archive.has(manifest) ? manifest : digestHex(digest)
  }
  const document = decodeManifestDocument(bytes)
  return { names: [], ...imagesOf({ archive, fileOf }, { bytes, document }, 'the image', platform) }
}

function layoutEntry(
  archive: ImageArchive,
  entry: Descriptor,
  name: string,
  platform: Platform | undefined,
): Pick<ArchivedEntry, 'images' | 'index'> {
  const files = { archive, fileOf: layoutBlobPath }
  return imagesOf(files, readDocument(files, entry), name, platform)
}

function imagesOf(
  files: BlobFiles,
  { bytes, document }: ReturnType<typeof readDocument>,
  name: string,
  platform: Platform | undefined,
): Pick<ArchivedEntry, 'images' | 'index'> {
  if (document.kind === 'manifest') return { images: [imageOf(files, document.manifest, bytes)] }
  const { index } = document
  if (platform === undefined) {
    const images = presentImages(files, index, 1)
    if (images.length > 0) return { images, index: { index, bytes } }
  }
  let chosen: ManifestDocument = document
  let manifestBytes = bytes
  for (let depth = 0; chosen.kind === 'index'; depth++) {
    const next: Descriptor | undefined =
      platform === undefined || depth >= maxIndexDepth ? undefined : selectManifest(chosen.index, platform)
    if (next === undefined) throw noMatch(name, chosen.index, platform)
    const found = readDocument(files, next)
    chosen = found.document
    manifestBytes = found.bytes
  }
  return { images: [imageOf(files, chosen.manifest, manifestBytes)] }
}

/** The images of an index whose files are all there: who writes an archive may have chosen some. */
function presentImages(files: BlobFiles, index: ImageIndex, depth: number): readonly ArchivedImage[] {
  return imageEntries(index).flatMap((entry) => {
    if (!files.archive.has(files.fileOf(entry.digest))) return []
    const { bytes, document } = readDocument(files, entry)
    if (document.kind === 'index') return depth < maxIndexDepth ? presentImages(files, document.index, depth + 1) : []
    const { config, layers } = document.manifest
    const isThere = [config, ...layers].every(({ digest }) => files.archive.has(files.fileOf(digest)))
    return isThere ? [imageOf(files, document.manifest, bytes)] : []
  })
}

function noMatch(name: string, index: ImageIndex, platform: Platform | undefined): ToolError {
  const offered = offeredPlatforms(index).join(', ') || 'no platform'
  if (platform === undefined) {
    return new ToolError('archive-invalid', `${name} is for ${offered}, but the archive has none of these images`, {
      hint: 'make it again with all platforms: skopeo copy --all, or longshore save',
    })
  }
  const message = `${name} is not made for ${formatPlatform(platform)}, only for ${offered}`
  return new ToolError('platform-mismatch', message, { hint: 'choose one with --platform' })
}

function imageOf(files: BlobFiles, manifest: ImageManifest, manifestBytes: Uint8Array): ArchivedImage {
  const configBytes = readBlob(files, manifest.config)
  return {
    id: manifest.config.digest,
    config: checkedConfig(configBytes, manifest.layers.length),
    configBytes,
    manifest,
    manifestBytes,
    layerFile: (layer) => files.fileOf(layer.digest),
  }
}

function readDocument(files: BlobFiles, descriptor: Descriptor) {
  const bytes = readBlob(files, descriptor)
  return { bytes, document: decodeManifestDocument(bytes, descriptor.mediaType) }
}

function readBlob({ archive, fileOf }: BlobFiles, { digest }: Descriptor): Uint8Array {
  const bytes = archive.read(fileOf(digest))
  if (digestOf(bytes) === digest) return bytes
  throw new ToolError('blob-mismatch', `the blob ${digest} of the archive is not what its name says`, {
    hint: 'the archive is damaged: make or fetch it again',
  })
}

async function dockerImage(
  archive: ImageArchive,
  { config: configName, layers: layerNames }: ReturnType<typeof decodeDockerArchive>[number],
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
