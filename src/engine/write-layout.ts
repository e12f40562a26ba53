import { createHash } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { digestOf, invariant, parseDigest, ToolError } from '../base/index.ts'
import { gzip, layerTar } from '../layer/index.ts'
import {
  type Descriptor,
  encodeDockerManifest,
  encodeLayoutIndex,
  encodeLayoutMarker,
  encodeManifest,
  layoutBlobPath,
  layoutFiles,
  mediaTypes,
} from '../oci/index.ts'
import type { Layer, OverlayXattrs, StoredImage } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import type { OutputSpec } from './output-spec.ts'
import { writeWhole, writingTo } from './write-file.ts'

type LayoutOutput = Extract<OutputSpec, { type: 'oci' | 'docker' }>

export interface LayoutRequest {
  readonly store: Store
  readonly overlay: OverlayXattrs
  readonly image: StoredImage
  readonly names: readonly string[]
  readonly output: LayoutOutput
  /** Private directory, on the store's file system, for what is being made. */
  readonly scratch: string
}

/**
 * Writes an image as an OCI image layout (image-spec image-layout.md), a directory or a tar of one. Layers pulled
 * keep their blob; layers built are gzipped here. The destination appears only when it is complete. Returns the
 * manifest's descriptor. Throws `ToolError` `output-failed` or `no-space`.
 */
export async function writeLayout(request: LayoutRequest): Promise<Descriptor> {
  return writingTo(request.output.dest, () => write(request))
}

async function write(request: LayoutRequest): Promise<Descriptor> {
  const { image, output, scratch, names } = request
  const layout = join(scratch, 'layout')
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
  const layers: Descriptor[] = []
  for (const layer of image.layers) layers.push(await writeLayer(request, layer, layout))
  // The stored bytes, not an encoding of ours: a pulled config must keep its digest.
  const configBytes = request.store.blobs.read(image.id)
  if (configBytes === undefined) throw new ToolError('store-corrupt', `the config ${image.id} is gone from the store`)
  const config = writeBlob(layout, mediaTypes.ociConfig, configBytes)
  const manifest = encodeManifest({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers })
  const descriptor = { ...writeBlob(layout, mediaTypes.ociManifest, manifest), platform: image.config.platform }
  writeFileSync(join(layout, layoutFiles.layout), encodeLayoutMarker())
  writeFileSync(join(layout, layoutFiles.index), encodeLayoutIndex([{ descriptor, names }]))
  if (output.type === 'docker') writeDockerManifest(layout, names, config, layers)
  if (!output.tar) copyLayout(layout, output.dest)
  else await writeTar(layout, output, [...layers, config, descriptor])
  return descriptor
}

function writeDockerManifest(
  layout: string,
  names: readonly string[],
  config: Descriptor,
  layers: readonly Descriptor[],
): void {
  const image = { config: config.digest, names, layers: layers.map((layer) => layer.digest) }
  writeFileSync(join(layout, layoutFiles.dockerManifest), encodeDockerManifest([image]))
}

async function writeLayer(request: LayoutRequest, layer: Layer, layout: string): Promise<Descriptor> {
  const { store, overlay } = request
  if (layer.blob !== undefined && store.blobs.has(layer.blob.digest)) {
    copyFileSync(store.blobs.path(layer.blob.digest), join(layout, layoutBlobPath(layer.blob.digest)))
    const { digest, size, mediaType } = layer.blob
    return { mediaType: ociMediaType(mediaType), digest, size }
  }
  const temporary = join(layout, 'blobs', 'making')
  const hash = createHash('sha256')
  const fd = openSync(temporary, 'w')
  let size = 0
  try {
    for await (const chunk of gzip(layerTar(store.layers.treePath(layer.diffId), { overlay }), {})) {
      hash.update(chunk)
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
      size += chunk.length
    }
  } finally {
    closeSync(fd)
  }
  const digest = parseDigest(`sha256:${hash.digest('hex')}`)
  renameSync(temporary, join(layout, layoutBlobPath(digest)))
  return { mediaType: mediaTypes.ociLayerGzip, digest, size }
}

function ociMediaType(mediaType: string): string {
  switch (mediaType) {
    case mediaTypes.dockerLayerGzip:
      return mediaTypes.ociLayerGzip
    case mediaTypes.dockerLayer:
      return mediaTypes.ociLayer
    case mediaTypes.dockerLayerZstd:
      return mediaTypes.ociLayerZstd
    default:
      return mediaType
  }
}

function writeBlob(layout: string, mediaType: string, bytes: Uint8Array): Descriptor {
  const digest = digestOf(bytes)
  writeFileSync(join(layout, layoutBlobPath(digest)), bytes)
  return { mediaType, digest, size: bytes.length }
}

/** Copies a finished layout to `dest`: blobs first, the index last, so that a reader meets the old image or the new one. */
function copyLayout(layout: string, dest: string): void {
  if (statSync(dest, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new ToolError('output-failed', `"${dest}" exists and is not a directory`, {
      hint: 'leave tar=false out, or choose another dest=',
    })
  }
  mkdirSync(join(dest, 'blobs/sha256'), { recursive: true })
  const blobs = join(layout, 'blobs/sha256')
  for (const name of readdirSync(blobs)) copyFileSync(join(blobs, name), join(dest, 'blobs/sha256', name))
  for (const name of [layoutFiles.layout, layoutFiles.dockerManifest]) {
    if (existsSync(join(layout, name))) copyFileSync(join(layout, name), join(dest, name))
  }
  const index = join(dest, layoutFiles.index)
  copyFileSync(join(layout, layoutFiles.index), `${index}.new`)
  renameSync(`${index}.new`, index)
}

async function writeTar(layout: string, output: LayoutOutput, blobs: readonly Descriptor[]): Promise<void> {
  const { pack } = await import('tar-stream')
  const archive = pack()
  const paths = [...new Set(blobs.map((blob) => layoutBlobPath(blob.digest)))]
  const files = [
    layoutFiles.layout,
    layoutFiles.index,
    ...(output.type === 'docker' ? [layoutFiles.dockerManifest] : []),
    ...paths,
  ]
  const fill = async (): Promise<void> => {
    // Readers that unpack as an ordinary user make parents themselves with an owner they may not give; so they are listed.
    for (const name of ['blobs/', 'blobs/sha256/']) {
      archive.entry({ name, type: 'directory', mode: 0o755, mtime: new Date(0) })
    }
    for (const name of files) {
      const path = join(layout, name)
      const entry = archive.entry({ name, size: statSync(path).size, mode: 0o644, mtime: new Date(0) })
      await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), entry)
    }
    archive.finalize()
  }
  await Promise.all([writeWhole(output.dest, bytesOf(archive)), fill()])
}

async function* bytesOf(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    invariant(chunk instanceof Uint8Array, 'an archive is bytes')
    yield chunk
  }
}
