import { nearest, ToolError } from '../base/index.ts'
import { formatPlatform, type Platform, selectByPlatform } from '../oci/index.ts'
import type { NamedIndex, StoredImage, StoredReference } from '../ports/index.ts'
import { namedImages, type Store } from '../store/index.ts'
import { storedPlatforms } from './other-platform.ts'
import { findStored, localMembers, storedName } from './stored-images.ts'

/** A stored image, and the name it was asked for by; no name when that was an ID or the beginning of one. */
export interface FoundImage {
  readonly image: StoredImage
  readonly name?: string
  /** What the name points at, when it has several images and none of them was chosen by its platform. */
  readonly index?: NamedIndex
}

/**
 * Finds an image of the store by name, ID or the beginning of an ID; with `platform`, of a name with several images the one for
 * it. Throws `ToolError` `image-not-found`, also when several IDs begin so, and `platform-mismatch`.
 */
export function requireImage(store: Store, text: string, platform?: Platform): FoundImage {
  const name = storedName(text)
  const index = store.images.index(name)
  if (platform !== undefined) return requirePlatform(store, text, platform)
  if (index !== undefined) {
    const image = index.imageId === undefined ? undefined : store.images.image(index.imageId)
    if (image !== undefined) return { image, name, index }
    if (index.imageId === undefined) throw emptyList(text)
  }
  const references = store.images.references()
  const named = references.find((reference) => reference.name === name)
  const isId = /^(sha256:)?[a-f0-9]{4,64}$/.test(text)
  const image =
    named === undefined ? (isId ? store.images.findImage(text) : undefined) : store.images.image(named.imageId)
  if (image !== undefined) return named === undefined ? { image } : { image, name }
  throw notFound(text, references)
}

function notFound(text: string, references: readonly StoredReference[]): ToolError {
  const likely = nearest(
    text,
    references.flatMap((reference) => [reference.name, reference.name.replace(/:latest$/, '')]),
  )
  return new ToolError('image-not-found', `no image "${text}" in the store`, {
    hint: likely === undefined ? '`longshore images` lists what there is' : `did you mean "${likely}"?`,
  })
}

function emptyList(text: string): ToolError {
  return new ToolError('image-not-found', `"${text}" is a list whose images are not in the store`, {
    hint: `look at it with: longshore manifest inspect ${text}; remove it with: longshore manifest rm ${text}`,
  })
}

/** As `requireImage`, for a platform. */
export function requirePlatform(store: Store, text: string, platform: Platform): FoundImage {
  const image = findStored(store, text, platform)
  const found = requireImage(store, text)
  if (image !== undefined) return found.name === undefined ? { image } : { image, name: found.name }
  const offered = storedPlatforms(store, text).join(', ')
  const wanted = formatPlatform(platform)
  throw new ToolError('platform-mismatch', `the store has "${text}" only for ${offered}, not for ${wanted}`, {
    hint: `fetch it (longshore pull --platform ${wanted} ${text}), or build it for that platform too`,
    details: { wanted, offered },
  })
}

/** The names of an image, in order. */
export function namesOf(store: Store, image: StoredImage): readonly string[] {
  return referencesOf(store, image)
    .map((reference) => reference.name)
    .sort()
}

/** The names of an image with all they point at. */
export function referencesOf(store: Store, { id }: Pick<StoredImage, 'id'>): readonly StoredReference[] {
  return store.images.references().filter((reference) => namedImages(reference).includes(id))
}

/** Takes an image off a name that has others too; without any other the name goes. Returns what is left. */
export function withoutImage(
  store: Store,
  { name, index, pulledDigest }: StoredReference,
  id: StoredImage['id'],
  host: Platform,
): 'gone' | 'others' {
  const members = index?.members.filter((member) => member.kind === 'remote' || member.imageId !== id) ?? []
  const [first, second] = members
  if (index === undefined || first === undefined) {
    store.images.untag(name)
    return 'gone'
  }
  const left = { ...index, members }
  const preferred = (selectByPlatform(localMembers(left), host) ?? localMembers(left)[0])?.imageId
  if (second === undefined && first.kind === 'image') store.images.tag(name, first.imageId, pulledDigest)
  else store.images.tagIndex(name, left, preferred, pulledDigest)
  return 'others'
}
