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
import type { NamedIndex, StoredImage } from '../ports/index.ts'
import { type ImageForm, type ImageParts, imageParts } from './image-parts.ts'
import { type IndexDocument, indexDocument, indexImages } from './index-document.ts'
import type { LayerBlobSettings } from './layer-blob.ts'
import { writeWhole, writingTo } from './write-file.ts'

/** An image or an index, and the names it goes by in a layout. */
export type LayoutMember = { readonly names: readonly string[] } & (
  | { readonly image: StoredImage }
  | { readonly index: Pick<NamedIndex, 'index' | 'imageId'> }
)

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
 * that is there is replaced. Returns the descriptors of what the names lead to. Throws `ToolError` `output-failed`, `no-space`,
 * `store-corrupt`.
 */
export async function writeLayout(request: LayoutRequest): Promise<readonly Descriptor[]> {
  const { images, dest, tar } = request
  const entries: LayoutEntry[] = []
  for (const member of images) entries.push(await layoutEntry(request, member))
  const files = layoutContents(entries, request.docker)
  await writingTo(dest, () => (tar ? writeTar(dest, files) : writeDirectory(dest, files)))
  return entries.map(({ descriptor }) => descriptor)
}

/** What an entry of `index.json` leads to. */
interface LayoutEntry {
  readonly names: readonly string[]
  /** Of the image's manifest, or of an index. */
  readonly descriptor: Descriptor
  readonly index?: IndexDocument
  readonly images: readonly ImageParts[]
  /** The one that docker's `manifest.json`, which knows no platforms, gives the names. */
  readonly preferred: ImageParts
}

async function layoutEntry(request: LayoutRequest, member: LayoutMember): Promise<LayoutEntry> {
  const { names } = member
  if ('image' in member) {
    const parts = await imageParts(request, member.image, request.form)
    return { names, descriptor: parts.descriptor, images: [parts], preferred: parts }
  }
  const { index, imageId } = member.index
  const images: ImageParts[] = []
  for (const image of indexImages(request.store, names[0] ?? '', index))
    images.push(await imageParts(request, image, request.form))
  const document = indexDocument(
    request.store,
    index,
    images.map(({ descriptor }) => descriptor),
    undefined,
  )
  const preferred = images.find(({ config }) => config.digest === imageId) ?? images[0]
  if (preferred === undefined) {
    throw new ToolError('image-not-found', `the list ${names[0] ?? ''} is empty`, {
      hint: 'add images to it: longshore manifest add LIST IMAGE',
    })
  }
  return { names, descriptor: document.descriptor, index: document, images, preferred }
}

/** Files in the order of an archive: what a reader wants to know first, then blobs, each once. */
function layoutContents(entries: readonly LayoutEntry[], docker: boolean): readonly LayoutFile[] {
  const blobs = entries.flatMap(({ images, index }) => [
    ...images.flatMap(imageFiles),
    ...(index === undefined ? [] : [bytesFile(layoutBlobPath(index.descriptor.digest), index.bytes)]),
  ])
  const dockerImages = entries.map(({ names, preferred: { config, layers } }) => ({
    config: config.digest,
    names,
    layers: layers.map((layer) => layer.descriptor.digest),
  }))
  return [
    bytesFile(layoutFiles.layout, encodeLayoutMarker()),
    bytesFile(layoutFiles.index, encodeLayoutIndex(entries)),
    ...(docker ? [bytesFile(layoutFiles.dockerManifest, encodeDockerManifest(dockerImages))] : []),
    ...new Map(blobs.map((file) => [file.path, file])).values(),
  ]
}

function imageFiles({ layers, config, configBytes, descriptor, manifestBytes }: ImageParts): readonly LayoutFile[] {
  return [
    ...layers.map(({ descriptor: { digest, size }, open }) => ({
      path: layoutBlobPath(digest),
      size,
      open: () => open(0),
    })),
    bytesFile(layoutBlobPath(config.digest), configBytes),
    bytesFile(layoutBlobPath(descriptor.digest), manifestBytes),
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
