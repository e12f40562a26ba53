import type { Digest } from '../base/index.ts'
import { type ImageIndex, imageEntries, selectByPlatform } from '../oci/index.ts'
import type { LocalMember, NamedIndex, StoredImage, StoredReference } from '../ports/index.ts'
import type { ResolvedImage } from '../registry/index.ts'
import { namedImages, type Store } from '../store/index.ts'
import { withNameLock } from '../store/name-lock.ts'
import type { ImageSettings } from './stored-images.ts'

/**
 * Gives a pulled image its name. Images of other platforms that the name has stay with it as long as the registry's index has
 * them too; an image that was pulled without an index takes the name for itself.
 */
export function namePulled(
  settings: Pick<ImageSettings, 'store' | 'hostPlatform'>,
  name: string,
  id: Digest,
  remote: PulledImage,
): void {
  // Two pulls of two platforms at once both keep what the name has.
  withNameLock(settings.store.cachePath('names.lock'), () => nameNow(settings, name, id, remote))
}

type PulledImage = Pick<ResolvedImage, 'digest' | 'index' | 'indexDigest' | 'indexBytes'>

function nameNow(
  { store, hostPlatform }: Pick<ImageSettings, 'store' | 'hostPlatform'>,
  name: string,
  id: Digest,
  remote: PulledImage,
): void {
  const pulledDigest = remote.indexDigest ?? remote.digest
  const earlier = store.images.index(name) ?? store.images.references().find((reference) => reference.name === name)
  const before = earlier === undefined ? [] : namedImages(earlier)
  const members = remote.index === undefined ? [] : indexMembers(remote.index, byManifest(store, [id, ...before]))
  if (isAsBefore(earlier, pulledDigest, id, members)) return
  if (members.length < 2) {
    store.images.tag(name, id, pulledDigest)
    return
  }
  if (remote.indexBytes !== undefined) store.blobs.writeBytes(remote.indexBytes)
  const preferred = selectByPlatform(members, hostPlatform)?.imageId ?? id
  store.images.tagIndex(name, { members, document: pulledDigest }, preferred, pulledDigest)
}

/** What the store has of an index from elsewhere, in its order; `images` go by the digests of their manifests. */
export function indexMembers(index: ImageIndex, images: ReadonlyMap<Digest, StoredImage>): readonly LocalMember[] {
  return imageEntries(index).flatMap(({ digest, platform, annotations }) => {
    const image = images.get(digest)
    if (image === undefined) return []
    const annotated = annotations === undefined ? {} : { annotations }
    return [{ kind: 'image', imageId: image.id, platform: platform ?? image.config.platform, ...annotated } as const]
  })
}

function byManifest(store: Store, ids: readonly Digest[]): ReadonlyMap<Digest, StoredImage> {
  return new Map(
    ids.flatMap((id) => {
      const image = store.images.image(id)
      return image?.manifestDigest === undefined ? [] : [[image.manifestDigest, image] as const]
    }),
  )
}

function isAsBefore(
  earlier: NamedIndex | StoredReference | undefined,
  pulledDigest: Digest,
  id: Digest,
  members: readonly LocalMember[],
): boolean {
  if (earlier?.pulledDigest !== pulledDigest) return false
  const before = namedImages(earlier)
  return before.includes(id) && before.length === Math.max(members.length, 1)
}
