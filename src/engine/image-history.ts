import type { Digest } from '../base/index.ts'
import type { Platform } from '../oci/index.ts'
import { openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { namesOf, requireImage } from './require-image.ts'

/** A line of `longshore history`. */
export interface HistoryLine {
  /** The image's ID on the topmost line; nothing is known of the others'. */
  readonly id?: Digest
  readonly created?: string
  readonly createdBy: string
  /** Uncompressed layer in bytes; 0 for an instruction that made none. */
  readonly sizeBytes: number
  readonly comment: string
  readonly names: readonly string[]
}

/** The history of an image, last instruction first. Throws `ToolError` `image-not-found`. */
export function imageHistory(
  host: Host,
  root: string | undefined,
  text: string,
  platform?: Platform,
): readonly HistoryLine[] {
  const store = openStore(storeRoot(host, root))
  const { image } = requireImage(store, text, platform)
  let next = 0
  const lines = image.config.history.map((entry): HistoryLine => {
    const layer = entry.emptyLayer === true ? undefined : image.layers[next++]
    const { created, createdBy = '', comment = '' } = entry
    return {
      createdBy,
      comment,
      sizeBytes: layer?.sizeBytes ?? 0,
      names: [],
      ...(created === undefined ? {} : { created }),
    }
  })
  return lines.reverse().map((line, at) => (at === 0 ? { ...line, id: image.id, names: namesOf(store, image) } : line))
}
