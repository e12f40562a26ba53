import { nearest, ToolError } from '../base/index.ts'
import type { StoredImage } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import { storedName } from './stored-images.ts'

/** A stored image, and the name it was asked for by; no name when that was an ID or the beginning of one. */
export interface FoundImage {
  readonly image: StoredImage
  readonly name?: string
}

/**
 * Finds an image of the store by name, ID or the beginning of an ID. Throws `ToolError` `image-not-found`, also when
 * several IDs begin so.
 */
export function requireImage(store: Store, text: string): FoundImage {
  const references = store.images.references()
  const name = storedName(text)
  const named = references.find((reference) => reference.name === name)
  const isId = /^(sha256:)?[a-f0-9]{4,64}$/.test(text)
  const image =
    named === undefined ? (isId ? store.images.findImage(text) : undefined) : store.images.image(named.imageId)
  if (image !== undefined) return named === undefined ? { image } : { image, name }
  const likely = nearest(
    text,
    references.flatMap((reference) => [reference.name, reference.name.replace(/:latest$/, '')]),
  )
  throw new ToolError('image-not-found', `no image "${text}" in the store`, {
    hint: likely === undefined ? '`longshore images` lists what there is' : `did you mean "${likely}"?`,
  })
}

/** The names of an image, in order. */
export function namesOf(store: Store, image: StoredImage): readonly string[] {
  return store.images
    .references()
    .filter((reference) => reference.imageId === image.id)
    .map((reference) => reference.name)
    .sort()
}
