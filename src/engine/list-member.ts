import { type Digest, nearest, ToolError } from '../base/index.ts'
import {
  type Descriptor,
  familiarName,
  formatPlatform,
  imageEntries,
  type Platform,
  parseReference,
  selectManifest,
  withDefaultTag,
} from '../oci/index.ts'
import type { IndexMember, OverlayXattrs, RemoteMember, StoredImage } from '../ports/index.ts'
import type { FetchedManifest, RegistryClient } from '../registry/index.ts'
import type { Store } from '../store/index.ts'
import { newManifest, pulledParts } from './image-parts.ts'
import { findLayerBlob } from './layer-blob.ts'
import { requireImage } from './require-image.ts'
import { findStored, localMembers, storedName } from './stored-images.ts'

/** What adding to a list needs. */
export interface ListRoom {
  readonly store: Store
  readonly overlay: OverlayXattrs
  readonly hostPlatform: Platform
  readonly registry: () => Promise<RegistryClient>
  readonly signal: AbortSignal
}

/** What is to be taken of an image that is itself an index: all of it, or the image for one platform. */
export interface TakenImages {
  readonly all: boolean
  readonly platform?: Platform
}

/**
 * The members that an image text stands for: of the store when it is there, else of a registry; `docker://` in front of it means
 * the registry. Throws `ToolError` `platform-mismatch` and those of the registry room.
 */
export async function listMembers(room: ListRoom, text: string, taken: TakenImages): Promise<readonly IndexMember[]> {
  const name = text.replace(/^docker:\/\//, '')
  const wanted = taken.platform ?? room.hostPlatform
  if (name === text && findStored(room.store, name, undefined) !== undefined) return storedMembers(room, name, taken)
  return remoteMembers(room, name, wanted, taken.all)
}

function storedMembers({ store, hostPlatform }: ListRoom, text: string, taken: TakenImages): readonly IndexMember[] {
  const { image, index, name } = requireImage(store, text)
  const named = name === undefined ? {} : { name }
  if (index === undefined) return [{ kind: 'image', ...named, imageId: image.id, platform: image.config.platform }]
  if (taken.all) return index.index.members.map((member) => ({ ...named, ...member }))
  const chosen = requireImage(store, text, taken.platform ?? hostPlatform).image
  const own = localMembers(index.index).find((member) => member.imageId === chosen.id)
  return [{ kind: 'image', ...named, imageId: chosen.id, platform: own?.platform ?? chosen.config.platform }]
}

async function remoteMembers(
  { registry, signal }: ListRoom,
  text: string,
  wanted: Platform,
  all: boolean,
): Promise<readonly RemoteMember[]> {
  const reference = withDefaultTag(parseReference(text))
  const name = familiarName(reference)
  const client = await registry()
  const member = async (descriptor: Descriptor): Promise<RemoteMember> => {
    const { mediaType, digest, size, annotations } = descriptor
    const platform =
      descriptor.platform ?? (await client.resolveImage({ ...reference, digest }, wanted, signal)).config.platform
    const annotated = annotations === undefined ? {} : { annotations }
    return { kind: 'remote', name, descriptor: { mediaType, digest, size, platform, ...annotated } }
  }
  const found = await client.fetchManifest(reference, signal)
  if (found.document.kind === 'manifest') return [await member(manifestDescriptor(found, found.document.manifest))]
  const { index } = found.document
  if (all) return Promise.all(imageEntries(index).map(member))
  const entry = selectManifest(index, wanted)
  if (entry !== undefined) return [await member(entry)]
  const offered = imageEntries(index).flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform(platform)],
  )
  throw new ToolError(
    'platform-mismatch',
    `${name} is not made for ${formatPlatform(wanted)}, only for ${offered.join(', ') || 'no platform'}`,
    { hint: 'choose one with --os, --arch and --variant, or take all with --all' },
  )
}

function manifestDescriptor(
  { bytes, digest }: FetchedManifest,
  { mediaType }: { readonly mediaType: string },
): Descriptor {
  return { mediaType, digest, size: bytes.byteLength }
}

/** The descriptor of a member's manifest: as it was pulled, or as it is without compression, which costs nothing to know. */
export function memberDescriptor({ store, overlay, signal }: ListRoom, member: IndexMember): Descriptor {
  if (member.kind === 'remote') return member.descriptor
  const image = store.images.image(member.imageId)
  if (image === undefined) {
    throw new ToolError('image-not-found', `the image ${member.imageId} of the list is gone from the store`, {
      hint: 'take it off the list with longshore manifest remove, or build or pull it again',
    })
  }
  return storedManifest(store, overlay, signal, image).descriptor
}

/** The manifest of a stored image, and its bytes; as `memberDescriptor`. */
export function storedManifest(store: Store, overlay: OverlayXattrs, signal: AbortSignal, image: StoredImage) {
  const compression = { method: 'uncompressed', force: false } as const
  const pulled = pulledParts(store, image, { compression })
  if (pulled !== undefined) return pulled
  const layers = image.layers.flatMap((layer) => {
    const blob = findLayerBlob({ store, overlay, signal }, layer, compression)
    return blob === undefined ? [] : [blob.descriptor]
  })
  return newManifest(store, image, layers, { compression })
}

/** The place in a list of what `text` names: a name it was added by, an image ID, or the digest of a manifest. */
export function findMember(room: ListRoom, list: string, members: readonly IndexMember[], text: string): number {
  const plain = text.replace(/^docker:\/\//, '')
  const asName = /^(sha256:)?[a-f0-9]{12,64}$/.test(plain) ? plain : storedName(plain)
  const digest = plain.slice(plain.indexOf('@') + 1)
  const namedId = room.store.images.findImage(asName)?.id
  const fits = (member: IndexMember): boolean =>
    member.name === asName ||
    (member.kind === 'image' && member.imageId === namedId) ||
    memberDescriptor(room, member).digest === digest
  const places = members.flatMap((member, place) => (fits(member) ? [place] : []))
  const [place, other] = places
  if (place !== undefined && other === undefined) return place
  const known = members.flatMap((member) => member.name ?? [])
  if (place !== undefined) {
    const digests = places.flatMap((at) => {
      const member = members[at]
      return member === undefined ? [] : [memberDescriptor(room, member).digest]
    })
    throw new ToolError('usage', `"${text}" stands for ${places.length} images of the list ${list}`, {
      hint: `name one by its digest: ${digests.join(', ')}`,
    })
  }
  const likely = nearest(text, known)
  throw new ToolError('image-not-found', `the list ${list} has no image "${text}"`, {
    hint: likely === undefined ? `longshore manifest inspect ${list} shows what it has` : `did you mean "${likely}"?`,
  })
}

/** A list with images added; members that are the same, or were added by the same name, go. */
export function withAdded(
  room: ListRoom,
  members: readonly IndexMember[],
  added: readonly IndexMember[],
): readonly IndexMember[] {
  // An image of the store may be one that a registry has too; of one that is gone only the ID is known.
  const identity = (one: IndexMember): Digest =>
    one.kind === 'image' && room.store.images.image(one.imageId) === undefined
      ? one.imageId
      : memberDescriptor(room, one).digest
  const identities = new Set(added.map(identity))
  const names = new Set(added.flatMap((one) => one.name ?? []))
  const isReplaced = (member: IndexMember): boolean =>
    identities.has(identity(member)) || (member.name !== undefined && names.has(member.name))
  return [...members.filter((member) => !isReplaced(member)), ...added]
}
