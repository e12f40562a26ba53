import { ToolError } from '../base/index.ts'
import { localName } from '../oci/index.ts'
import { openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { referencesOf, requireImage } from './require-image.ts'

/** Gives the image `source`, or all images of that name, the name `target` too, which no other image has then. Throws `ToolError` when there is no such image. */
export function tagImage(host: Host, root: string | undefined, source: string, target: string): void {
  const store = openStore(storeRoot(host, root))
  const name = localName(target)
  const { image, index } = requireImage(store, source)
  if (index === undefined) store.images.tag(name, image.id)
  else store.images.tagIndex(name, index.index, index.imageId)
  // Looked at after it was named: now nobody removes it any more.
  if (store.images.config(image.id) !== undefined) return
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
  const { image } = requireImage(store, source)
  const all = referencesOf(store, image)
  const wanted = names.length === 0 ? all.map((reference) => reference.name) : names.map(localName)
  for (const name of wanted) {
    if (all.some((reference) => reference.name === name)) continue
    throw new ToolError('image-not-found', `the image "${source}" has no name "${name}"`, {
      hint: `its names are: ${all.map((reference) => reference.name).join(', ') || 'none'}`,
    })
  }
  return wanted.filter((name) => store.images.untag(name))
}
