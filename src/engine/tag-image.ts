import { ToolError } from '../base/index.ts'
import { localName } from '../oci/index.ts'
import { openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { recordImageEvent } from './record-event.ts'
import { requireImage } from './require-image.ts'

/** Gives the image `source` the name `target` too, which no other image has then. Throws `ToolError` when there is no such image. */
export function tagImage(host: Host, root: string | undefined, source: string, target: string): void {
  const store = openStore(storeRoot(host, root))
  const name = localName(target)
  const { image } = requireImage(store, source)
  store.images.tag(name, image.id)
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
  const { image } = requireImage(store, source)
  const all = store.images.references().filter((reference) => reference.imageId === image.id)
  const wanted = names.length === 0 ? all.map((reference) => reference.name) : names.map(localName)
  for (const name of wanted) {
    if (all.some((reference) => reference.name === name)) continue
    throw new ToolError('image-not-found', `the image "${source}" has no name "${name}"`, {
      hint: `its names are: ${all.map((reference) => reference.name).join(', ') || 'none'}`,
    })
  }
  const gone = wanted.filter((name) => store.images.untag(name))
  for (const name of gone) recordImageEvent(store.root, host, 'untag', image.id, name)
  return gone
}
