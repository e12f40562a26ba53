import { compareCodeUnits, type Digest } from '../base/index.ts'
import { openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'

/** A line of `longshore images`. */
export interface ListedImage {
  /** Name without its tag; `<none>` for an image without a name. */
  readonly repository: string
  readonly tag: string
  readonly id: Digest
  readonly created?: string
  /** Sum of the uncompressed layers in bytes. */
  readonly sizeBytes: number
}

/** All images of the store, newest first; an image with several names appears once a name. */
export function listImages(host: Host, root: string | undefined): readonly ListedImage[] {
  const { images } = openStore(storeRoot(host, root))
  const references = images.references()
  const named = new Set(references.map((reference) => reference.imageId))
  const rows = [
    ...references.map((reference) => ({ id: reference.imageId, ...splitName(reference.name) })),
    ...images
      .imageIds()
      .filter((id) => !named.has(id))
      .map((id) => ({ id, repository: '<none>', tag: '<none>' })),
  ]
  return rows
    .flatMap((row) => {
      const image = images.image(row.id)
      if (image === undefined) return []
      const sizeBytes = image.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0)
      const { created } = image.config
      return [{ ...row, sizeBytes, ...(created === undefined ? {} : { created }) }]
    })
    .sort((a, b) => compareCodeUnits(b.created ?? '', a.created ?? '') || compareCodeUnits(a.repository, b.repository))
}

/** `host:5000/app:1` → `host:5000/app` and `1`; a name by digest has the tag `<none>`. */
function splitName(name: string): { readonly repository: string; readonly tag: string } {
  const plain = name.replace(/@.*$/, '')
  const colon = plain.lastIndexOf(':')
  if (colon <= plain.lastIndexOf('/')) return { repository: plain, tag: '<none>' }
  return { repository: plain.slice(0, colon), tag: plain.slice(colon + 1) }
}
