import { digestOf, invariant, ToolError } from '../base/index.ts'
import { type Descriptor, decodeIndex, encodeIndex, type ImageIndex, imageEntries, mediaTypes } from '../oci/index.ts'
import type { IndexMember, StoredImage, StoredIndex } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import type { ManifestFormat } from './image-parts.ts'
import { removedMeanwhile } from './lease-layers.ts'
import { localMembers } from './stored-images.ts'

/** An index as it leaves the store. */
export interface IndexDocument {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

/**
 * The index over `children`, the manifests of the members in their order: the very document it came as, when that names the same
 * manifests and another format is not asked for, else a new one. Without `format` it is docker's if all children are.
 */
export function indexDocument(
  store: Store,
  index: StoredIndex,
  children: readonly Descriptor[],
  format: ManifestFormat | undefined,
): IndexDocument {
  const original = originalIndex(store, index)
  if (original !== undefined && isOf(original.index, children, format)) return original
  const allDocker = children.length > 0 && children.every(({ mediaType }) => mediaType === mediaTypes.dockerManifest)
  const isDocker = format === 'docker' || (format === undefined && allDocker)
  const mediaType = isDocker ? mediaTypes.dockerIndex : mediaTypes.ociIndex
  const manifests = children.map((child, position) => describedBy(child, index.members[position], isDocker))
  const annotations = index.annotations === undefined || isDocker ? {} : { annotations: index.annotations }
  const bytes = encodeIndex({ schemaVersion: 2, mediaType, manifests, ...annotations })
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength } }
}

/** The entry of a child: what it is by its manifest, what it is for by the list. */
function describedBy(
  { mediaType, digest, size }: Descriptor,
  member: IndexMember | undefined,
  isDocker: boolean,
): Descriptor {
  invariant(member !== undefined, 'an index has a child for each member')
  const { platform, annotations } = member.kind === 'image' ? member : member.descriptor
  return {
    mediaType,
    digest,
    size,
    ...(platform === undefined ? {} : { platform }),
    // Docker's list has no place for them.
    ...(annotations === undefined || isDocker ? {} : { annotations }),
  }
}

function originalIndex(
  store: Store,
  { document }: StoredIndex,
): (IndexDocument & { readonly index: ImageIndex }) | undefined {
  const bytes = document === undefined ? undefined : store.blobs.read(document)
  if (bytes === undefined || document === undefined) return undefined
  const index = decodeIndex(bytes)
  return { bytes, index, descriptor: { mediaType: index.mediaType, digest: document, size: bytes.byteLength } }
}

function isOf(
  { mediaType, manifests }: ImageIndex,
  children: readonly Descriptor[],
  format: ManifestFormat | undefined,
): boolean {
  if (format !== undefined && (mediaType === mediaTypes.dockerIndex) !== (format === 'docker')) return false
  const there = new Set(children.map(({ digest }) => digest))
  return manifests.length === there.size && manifests.every(({ digest }) => there.has(digest))
}

/** How many images the index had where it came from, when those are more than the store has. */
export function originalCount(store: Store, index: StoredIndex): number | undefined {
  const original = originalIndex(store, index)
  const count = original === undefined ? 0 : imageEntries(original.index).length
  return count > index.members.length ? count : undefined
}

/** The images of an index, all of which the store must have. Throws `ToolError` `not-supported` when one is elsewhere. */
export function indexImages(store: Store, name: string, index: StoredIndex): readonly StoredImage[] {
  const remote = index.members.find((member) => member.kind === 'remote')
  if (remote !== undefined) {
    throw new ToolError('not-supported', `the list ${name} has an image that only the registry of ${remote.name} has`, {
      hint: `push the list with longshore manifest push, then pull it: longshore pull --all-platforms`,
    })
  }
  return localMembers(index).map(({ imageId }) => {
    const image = store.images.image(imageId)
    if (image === undefined) throw removedMeanwhile(`the image ${imageId}`)
    return image
  })
}
