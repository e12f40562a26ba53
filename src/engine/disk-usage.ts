import type { DiffId } from '../base/index.ts'
import { isActive, openContainers } from '../container/index.ts'
import { openStore } from '../store/index.ts'
import { cacheItems, cacheKinds } from './cache-items.ts'
import type { ContainerRoom } from './container-room.ts'
import { type Host, storeRoot } from './host.ts'
import { imageUsers } from './image-users.ts'
import { allContainers, layerSize } from './list-containers.ts'
import { treeSize } from './tree-size.ts'
import { listVolumes, volumeUsers } from './volumes.ts'

/** A line of `longshore system df`. */
export interface DiskUsage {
  readonly type: 'Images' | 'Containers' | 'Local Volumes' | 'Build Cache'
  readonly total: number
  /** How many of them something else uses. */
  readonly active: number
  /** Uncompressed layers, each counted once, in bytes. */
  readonly sizeBytes: number
  /** What removing all that is not active would free. */
  readonly reclaimableBytes: number
}

/** What the store holds: layers of images, what containers have written, volumes, and all that builds left in the cache. */
export function diskUsage(host: Host, root: string | undefined): readonly DiskUsage[] {
  const store = openStore(storeRoot(host, root))
  const images = store.images.imageIds()
  const ofImages = new Set(images.flatMap((id) => store.images.config(id)?.diffIds ?? []))
  const results = new Set(store.records.results().filter((diffId) => store.layers.layer(diffId) !== undefined))
  const onlyCached = [...results].filter((diffId) => !ofImages.has(diffId))
  const size = (diffIds: Iterable<DiffId>): number =>
    [...diffIds].reduce((sum, diffId) => sum + (store.layers.layer(diffId)?.sizeBytes ?? 0), 0)
  const imageBytes = size(ofImages)
  const room = { host, store, containers: openContainers(store.root, host.pid) }
  const users = imageUsers(room)
  const used = new Set(images.filter((id) => users.has(id)).flatMap((id) => store.images.config(id)?.diffIds ?? []))
  const freeImageBytes = size([...ofImages].filter((diffId) => !used.has(diffId)))
  // Failed steps that were kept, fetched files, cache mounts, compressed copies, memories of builds.
  const others = cacheItems(store, {
    all: true,
    copies: true,
    kinds: new Set(cacheKinds.filter((kind) => kind !== 'step')),
  })
  const cacheBytes = size(onlyCached) + others.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return [
    {
      type: 'Images',
      total: images.length,
      active: images.filter((id) => users.has(id)).length,
      sizeBytes: imageBytes,
      reclaimableBytes: freeImageBytes,
    },
    containerUsage(room),
    volumeUsage(room),
    {
      type: 'Build Cache',
      total: results.size + others.length,
      active: results.size - onlyCached.length,
      sizeBytes: cacheBytes,
      reclaimableBytes: cacheBytes,
    },
  ]
}

function containerUsage(room: ContainerRoom): DiskUsage {
  const all = allContainers(room).map(({ spec, state }) => ({
    isUsed: isActive(state),
    sizeBytes: layerSize(room, spec.id),
  }))
  return { type: 'Containers', ...summed(all) }
}

function volumeUsage(room: ContainerRoom): DiskUsage {
  const users = volumeUsers(room)
  const all = listVolumes(room).map(({ name, mountpoint }) => ({
    isUsed: users.has(name),
    sizeBytes: treeSize(mountpoint),
  }))
  return { type: 'Local Volumes', ...summed(all) }
}

function summed(all: readonly { readonly isUsed: boolean; readonly sizeBytes: number }[]): Omit<DiskUsage, 'type'> {
  const bytes = (some: typeof all): number => some.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return {
    total: all.length,
    active: all.filter(({ isUsed }) => isUsed).length,
    sizeBytes: bytes(all),
    reclaimableBytes: bytes(all.filter(({ isUsed }) => !isUsed)),
  }
}
