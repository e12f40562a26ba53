import type { DiffId } from '../base/index.ts'
import { openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'

/** A line of `longshore system df`. */
export interface DiskUsage {
  readonly type: 'Images' | 'Build Cache'
  readonly total: number
  /** How many of them something else uses. */
  readonly active: number
  /** Uncompressed layers, each counted once, in bytes. */
  readonly sizeBytes: number
  /** What removing all that is not active would free. */
  readonly reclaimableBytes: number
}

/**
 * What the store holds: layers of images, and layers that only step records keep. No container outlives its command, so no
 * image is in use when nothing runs.
 */
export function diskUsage(host: Host, root: string | undefined): readonly DiskUsage[] {
  const store = openStore(storeRoot(host, root))
  const images = store.images.imageIds()
  const ofImages = new Set(images.flatMap((id) => store.images.config(id)?.diffIds ?? []))
  const results = new Set(store.records.results().filter((diffId) => store.layers.layer(diffId) !== undefined))
  const onlyCached = [...results].filter((diffId) => !ofImages.has(diffId))
  const size = (diffIds: Iterable<DiffId>): number =>
    [...diffIds].reduce((sum, diffId) => sum + (store.layers.layer(diffId)?.sizeBytes ?? 0), 0)
  const imageBytes = size(ofImages)
  const cacheBytes = size(onlyCached)
  return [
    { type: 'Images', total: images.length, active: 0, sizeBytes: imageBytes, reclaimableBytes: imageBytes },
    {
      type: 'Build Cache',
      total: results.size,
      active: results.size - onlyCached.length,
      sizeBytes: cacheBytes,
      reclaimableBytes: cacheBytes,
    },
  ]
}
