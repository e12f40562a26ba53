import type { DiffId } from '../base/index.ts'
import { openContainers } from '../container/index.ts'
import { hostPlatform } from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { compileImageFilters } from './image-filter.ts'
import { type ImageUsers, imageUsers } from './image-users.ts'
import { enterNamespace } from './namespace.ts'
import { type RemoveResult, recordRemovals, removeWhole, withLayers } from './remove-images.ts'
import { namesOf } from './require-image.ts'

/** Which images to remove. */
export interface PruneRequest {
  /** Also images that have names. */
  readonly all: boolean
  readonly filters: readonly string[]
  /** Only say what would go. */
  readonly dryRun?: boolean
  readonly root?: string
}

/**
 * Removes images without a name (with `all`, every image) that pass the filters and that no container was made of, and every layer that no image, step
 * record or running command needs, whoever left it. As a user this starts the command anew in a namespace.
 */
export async function pruneImages(request: PruneRequest, host: Host): Promise<RemoveResult> {
  const store = openStore(storeRoot(host, request.root))
  const passes = compileImageFilters(request.filters, ['label', 'label!', 'until'], store, host.nowMs())
  const users = imageUsers({ host, store, containers: openContainers(store.root, host.pid) })
  if (request.dryRun === true) return plannedRemovals(store, request, users, passes)
  if (host.uid !== 0) await enterNamespace(host, store)
  const platform = hostPlatform(host.arch)
  const removals = store.images.imageIds().flatMap((id) => {
    if (users.has(id)) return []
    const image = store.images.image(id)
    // One that has lost a layer is of no use to anyone.
    if (image === undefined) return request.filters.length === 0 && request.all ? removeWhole(store, id, platform) : []
    const names = namesOf(store, image)
    return (request.all || names.length === 0) && passes(image, names) ? removeWhole(store, id, platform) : []
  })
  recordRemovals(store.root, host, removals)
  return withLayers(store, host, removals)
}

/** What pruning would remove, and free. */
function plannedRemovals(
  store: Store,
  request: PruneRequest,
  users: ImageUsers,
  passes: (image: StoredImage, names: readonly string[]) => boolean,
): RemoveResult {
  const kept = new Set<DiffId>(store.records.results())
  const gone = new Map<DiffId, number>()
  const removals = store.images.imageIds().flatMap((id) => {
    const image = store.images.image(id)
    if (image === undefined) return []
    const names = namesOf(store, image)
    if (users.has(id) || (!request.all && names.length > 0) || !passes(image, names)) {
      for (const { diffId } of image.layers) kept.add(diffId)
      return []
    }
    for (const { diffId, sizeBytes } of image.layers) gone.set(diffId, sizeBytes)
    return [
      ...names.map((name) => ({ kind: 'untagged', name, imageId: id }) as const),
      { kind: 'deleted', id } as const,
    ]
  })
  const sizeBytes = [...gone].reduce((sum, [diffId, size]) => (kept.has(diffId) ? sum : sum + size), 0)
  return { removals, sizeBytes }
}
