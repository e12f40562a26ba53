import { compareCodeUnits, type Digest } from '../base/index.ts'
import { formatPlatform } from '../oci/index.ts'
import { openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { compileImageFilters } from './image-filter.ts'
import { referencesOf } from './require-image.ts'

/** A line of `longshore images`. */
export interface ListedImage {
  /** Name without its tag; `<none>` for an image without a name. */
  readonly repository: string
  readonly tag: string
  readonly id: Digest
  /** Digest under which it was pulled. */
  readonly digest?: Digest
  readonly created?: string
  /** `linux/arm64` */
  readonly platform: string
  /** The name has images of other platforms too. */
  readonly isOneOfSeveral?: true
  /** Sum of the uncompressed layers in bytes. */
  readonly sizeBytes: number
}

const filterKeys = ['dangling', 'label', 'label!', 'reference', 'before', 'since', 'until']

/**
 * The images of the store that pass the `--filter` texts, newest first; an image with several names appears once a name, a name with several images once an image.
 * Throws `ToolError` `usage` for a filter that is not known.
 */
export function listImages(host: Host, root: string | undefined, filters: readonly string[]): readonly ListedImage[] {
  const store = openStore(storeRoot(host, root))
  const passes = compileImageFilters(filters, filterKeys, store, host.nowMs())
  const rows = store.images.imageIds().flatMap((id) => {
    const image = store.images.image(id)
    if (image === undefined) return []
    const own = referencesOf(store, image)
    const sizeBytes = image.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0)
    const { created, platform } = image.config
    const common = { id, sizeBytes, platform: formatPlatform(platform), ...(created === undefined ? {} : { created }) }
    if (own.length === 0) return passes(image, []) ? [{ ...common, repository: '<none>', tag: '<none>' }] : []
    return own
      .filter(({ name }) => passes(image, [name]))
      .map(({ name, pulledDigest: digest, index }) => ({
        ...common,
        ...splitName(name),
        ...(index === undefined ? {} : { isOneOfSeveral: true as const }),
        ...(digest === undefined ? {} : { digest }),
      }))
  })
  return rows.sort(
    (a, b) =>
      compareCodeUnits(b.created ?? '', a.created ?? '') ||
      compareCodeUnits(`${a.repository}:${a.tag}`, `${b.repository}:${b.tag}`) ||
      compareCodeUnits(a.platform, b.platform),
  )
}

/** `host:5000/app:1` → `host:5000/app` and `1`; a name by digest has the tag `<none>`. */
export function splitName(name: string): { readonly repository: string; readonly tag: string } {
  const plain = name.replace(/@.*$/, '')
  const colon = plain.lastIndexOf(':')
  if (colon <= plain.lastIndexOf('/')) return { repository: plain, tag: '<none>' }
  return { repository: plain.slice(0, colon), tag: plain.slice(colon + 1) }
}
