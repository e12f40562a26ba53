import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { invariant, ToolError } from '../base/index.ts'
import {
  type Descriptor,
  encodeDockerManifest,
  encodeLayoutIndex,
  encodeLayoutMarker,
  layoutBlobPath,
  layoutFiles,
} from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import { type ImageForm, type ImageParts, imageParts } from './image-parts.ts'
import type { LayerBlobSettings } from './layer-blob.ts'
import { writeWhole, writingTo } from './write-file.ts'

/** An image and the names it goes by in a layout. */
export interface LayoutMember {
  readonly image: StoredImage
  readonly names: readonly string[]
}

export interface LayoutRequest extends LayerBlobSettings {
  readonly images: readonly LayoutMember[]
  readonly form: ImageForm
  /** Whether docker's `manifest.json` is there too. */
  readonly docker: boolean
  /** A directory, a file for a tar, or `-` for a tar on standard output. */
  readonly dest: string
  readonly tar: boolean
}

/** A file of a layout. */
interface LayoutFile {
  readonly path: string
  readonly size: number
  open(): AsyncIterable<Uint8Array>
}

/**
 * Writes images as one OCI image layout (image-spec image-layout.md), a directory or a tar of one. Layers pulled keep their
 * blob; others are made as `form` says, and remembered. The destination appears only when it is complete; the index of a layout
 * that is there is replaced. Returns the manifests' descriptors. Throws `ToolError` `output-failed`, `no-space`, `store-corrupt`.
 */
export async function writeLayout(request: LayoutRequest): Promise<readonly Descriptor[]> {
  const { images, dest, tar } = request
  const members: (ImageParts & { readonly names: readonly string[] })[] = []
  for (const { image, names } of images) members.push({ ...(await imageParts(request, image, request.form)), names })
  const files = layoutContents(members, request.docker)
  await writingTo(dest, () => (tar ? writeTar(dest, files) : writeDirectory(dest, files)))
  return members.map(({ descriptor }) => descriptor)
}

/** Files in the order of an archive: what a reader wants to know first, then blobs, each once. */
function layoutContents(
  members: readonly (ImageParts & { readonly names: readonly string[] })[],
  docker: boolean,
): readonly LayoutFile[] {
  const blobs = members.flatMap(({ layers, config, configBytes, descriptor, manifestBytes }) => [
    ...layers.map(({ descriptor: { digest, size }, open }) => ({
      path: layoutBlobPath(digest),
      size,
      open: () => open(0),
    })),
    bytesFile(layoutBlobPath(config.digest), configBytes),
    bytesFile(layoutBlobPath(descriptor.digest), manifestBytes),
  ])
  const dockerImages = members.map(({ config, names, layers }) => ({
    config: config.digest,
    names,
    layers: layers.map((layer) => layer.descriptor.digest),
  }))
  return [
    bytesFile(layoutFiles.layout, encodeLayoutMarker()),
    bytesFile(layoutFiles.index, encodeLayoutIndex(members)),
    ...(docker ? [bytesFile(layoutFiles.dockerManifest, encodeDockerManifest(dockerImages))] : []),
    ...new Map(blobs.map((file) => [file.path, file])).values(),
  ]
}

function bytesFile(path: string, bytes: Uint8Array): LayoutFile {
  return {
    path,
    size: bytes.byteLength,
    async *open() {
      yield bytes
    },
  }
}

/** Writes into `dest`: blobs first, the index last, so that a reader meets the old images or the new ones. */
async function writeDirectory(dest: string, files: readonly LayoutFile[]): Promise<void> {
  if (statSync(dest, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new ToolError('output-failed', `"${dest}" exists and is not a directory`, {
      hint: 'leave tar=false out, or choose another dest=',
    })
  }
  mkdirSync(join(dest, 'blobs/sha256'), { recursive: true })
  const documents = new Set<string>(Object.values(layoutFiles))
  for (const file of files) {
    if (documents.has(file.path)) continue
    const path = join(dest, file.path)
    // A blob's name says what it holds, and it appears whole.
    if (statSync(path, { throwIfNoEntry: false })?.size === file.size) continue
    await writeWhole(path, file.open())
  }
  for (const name of [layoutFiles.layout, layoutFiles.dockerManifest, layoutFiles.index]) {
    const file = files.find(({ path }) => path === name)
    if (file !== undefined) await writeWhole(join(dest, name), file.open())
  }
}

async function writeTar(dest: string, files: readonly LayoutFile[]): Promise<void> {
  const { pack } = await import('tar-stream')
  const archive = pack()
  const fill = async (): Promise<void> => {
    // Readers that unpack as an ordinary user make parents themselves with an owner they may not give; so they are listed.
    for (const name of ['blobs/', 'blobs/sha256/']) {
      archive.entry({ name, type: 'directory', mode: 0o755, mtime: new Date(0) })
    }
    for (const { path, size, open } of files) {
      const entry = archive.entry({ name: path, size, mode: 0o644, mtime: new Date(0) })
      await pipeline(Readable.from(open(), { objectMode: false }), entry)
    }
    archive.finalize()
  }
  const filling = fill().catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)))
    throw error
  })
  const writing = writeWhole(dest, bytesOf(archive)).catch((error: unknown) => {
    // Nobody reads the archive any more, so that filling it would never end.
    archive.destroy()
    throw error
  })
  const results = await Promise.allSettled([writing, filling])
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

async function* bytesOf(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    invariant(chunk instanceof Uint8Array, 'an archive is bytes')
    yield chunk
  }
}
