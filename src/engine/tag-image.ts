import { ToolError } from '../base/index.ts'
import { hostPlatform, localName } from '../oci/index.ts'
import { namedImages, openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { recordImageEvent } from './record-event.ts'
import { referencesOf, requireImage, withoutImage } from './require-image.ts'

/** Gives the image `source`, or all images of that name, the name `target` too, which no other image has then. Throws `ToolError` when there is no such image. */
export function tagImage(host: Host, root: string | undefined, source: string, target: string): void {
  const store = openStore(storeRoot(host, root))
  const name = localName(target)
  const { image, index } = requireImage(store, source)
  if (index === undefined) store.images.tag(name, image.id)
  else store.images.tagIndex(name, index.index, index.imageId)
  // Looked at after it was named: now nobody removes it any more.
  if (store.images.config(image.id) !== undefined) {
    recordImageEvent(store.root, host, 'tag', image.id, name)
    return
  }
  store.images.untag(name)
  throw new ToolError('image-not-found', `the image "${source}" was removed by another command`)
}

/** Takes names off images, which stay: those given, or all of `source`. Returns the names that were taken off. */
export function untagImage(
  host: Host,
  root: string | undefined,
  source: string,
  names: readonly string[],
): readonly string[] {
  const store = openStore(storeRoot(host, root))
  const { image, name: own } = requireImage(store, source)
  const all = referencesOf(store, image)
  const wanted = names.length === 0 ? all.map((reference) => reference.name) : names.map(localName)
  for (const name of wanted) {
    if (all.some((reference) => reference.name === name)) continue
    throw new ToolError('image-not-found', `the image "${source}" has no name "${name}"`, {
      hint: `its names are: ${all.map((reference) => reference.name).join(', ') || 'none'}`,
    })
  }
  const gone = wanted.filter((name) => {
    const reference = all.find((one) => one.name === name)
    // By its ID one image is meant, and others that the name has stay.
    if (own !== undefined || reference === undefined || namedImages(reference).length === 1)
      return store.images.untag(name)
    withoutImage(store, reference, image.id, hostPlatform(host.arch))
    return true
  })
  for (const name of gone) recordImageEvent(store.root, host, 'untag', image.id, name)
  return gone
}
