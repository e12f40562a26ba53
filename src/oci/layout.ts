import { type Digest, digestHex, ToolError } from '../base/index.ts'
import { decodeJson, fieldsOf, listOf, text } from './decoder.ts'
import { jsonBytes, listJson, objectJson, textJson } from './encode-json.ts'
import { encodeIndex } from './encode-manifest.ts'
import { familiarName, formatReference, parseReference, withDefaultTag } from './reference.ts'
import { type Descriptor, type ImageIndex, mediaTypes } from './types.ts'

/** Names of the files of an OCI image layout (image-spec image-layout.md) and of docker's archive beside it. */
export const layoutFiles = { layout: 'oci-layout', index: 'index.json', dockerManifest: 'manifest.json' } as const

/** Annotations of an `index.json` entry that carry an image's name: the tag alone, and containerd's full name. */
export const nameAnnotations = {
  tag: 'org.opencontainers.image.ref.name',
  fullName: 'io.containerd.image.name',
} as const

/** Path of a blob inside a layout, `/`-separated. */
export function layoutBlobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`
}

/** The content of the file `oci-layout`. */
export function encodeLayoutMarker(): Uint8Array {
  return jsonBytes(objectJson([['imageLayoutVersion', textJson('1.0.0')]]))
}

/** Checks the content of the file `oci-layout`. Throws `ToolError` `invalid-document` or `not-supported`. */
export function checkLayoutMarker(bytes: Uint8Array): void {
  const version = decodeJson(bytes, 'oci-layout file', (value, place) =>
    fieldsOf(value, place).required('imageLayoutVersion', text),
  )
  if (/^1\./.test(version)) return
  throw new ToolError('not-supported', `the image layout has version "${version.slice(0, 40)}", expected 1.x`)
}

/** An image of a layout: what its entry in `index.json` points at (manifest or index), and its names, if any. */
export interface LayoutImage {
  readonly descriptor: Descriptor
  readonly names: readonly string[]
}

/** The content of `index.json`: one entry per name of each image, one without annotations for an image without a name. */
export function encodeLayoutIndex(images: readonly LayoutImage[]): Uint8Array {
  const manifests = images.flatMap(({ descriptor, names }) =>
    names.length === 0 ? [descriptor] : names.map((name) => withName(descriptor, name)),
  )
  return encodeIndex({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })
}

function withName(descriptor: Descriptor, name: string): Descriptor {
  const reference = withDefaultTag(parseReference(name))
  const tag = reference.tag === undefined ? {} : { [nameAnnotations.tag]: reference.tag }
  const annotations = { ...descriptor.annotations, [nameAnnotations.fullName]: formatReference(reference), ...tag }
  return { ...descriptor, annotations }
}

/**
 * The images of a decoded `index.json` with their names: containerd's full name where there is one, else the
 * `ref.name` as it stands (a tag or a full reference, as the writer chose).
 */
export function layoutImages(index: ImageIndex): readonly LayoutImage[] {
  const images = new Map<Digest, { readonly descriptor: Descriptor; readonly names: string[] }>()
  for (const descriptor of index.manifests) {
    const image = images.get(descriptor.digest) ?? { descriptor, names: [] }
    const name = descriptor.annotations?.[nameAnnotations.fullName] ?? descriptor.annotations?.[nameAnnotations.tag]
    if (name !== undefined) image.names.push(name)
    images.set(descriptor.digest, image)
  }
  return [...images.values()]
}

/** One image of docker's archive `manifest.json`. */
export interface DockerArchiveImage {
  readonly config: Digest
  readonly names: readonly string[]
  readonly layers: readonly Digest[]
}

/** The content of docker's `manifest.json`, beside an OCI layout's blobs, so that `docker load` of any age reads the archive. */
export function encodeDockerManifest(images: readonly DockerArchiveImage[]): Uint8Array {
  const entries = images.map((image) =>
    objectJson([
      ['Config', textJson(layoutBlobPath(image.config))],
      ['RepoTags', listJson(image.names.map((name) => textJson(familiarName(withDefaultTag(parseReference(name))))))],
      ['Layers', listJson(image.layers.map((layer) => textJson(layoutBlobPath(layer))))],
    ]),
  )
  return jsonBytes(listJson(entries))
}

/** An image of a docker archive: files of the archive, and its names. */
export interface DockerArchiveEntry {
  readonly config: string
  readonly names: readonly string[]
  readonly layers: readonly string[]
}

/** Decodes docker's `manifest.json`. Throws `ToolError` `invalid-document`. */
export function decodeDockerArchive(bytes: Uint8Array): readonly DockerArchiveEntry[] {
  return decodeJson(
    bytes,
    'manifest.json of the archive',
    listOf((value, place): DockerArchiveEntry => {
      const fields = fieldsOf(value, place)
      return {
        config: fields.required('Config', text),
        names: fields.optional('RepoTags', listOf(text)) ?? [],
        layers: fields.optional('Layers', listOf(text)) ?? [],
      }
    }),
  )
}
