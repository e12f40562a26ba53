import { openContainers } from '../container/index.ts'
import { openStore } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { compileImageFilters } from './image-filter.ts'
import { imageUsers } from './image-users.ts'
import { enterNamespace } from './namespace.ts'
import { type RemoveResult, removeWhole, withLayers } from './remove-images.ts'
import { namesOf } from './require-image.ts'

/** Which images to remove. */
export interface PruneRequest {
  /** Also images that have names. */
  readonly all: boolean
  readonly filters: readonly string[]
  readonly root?: string
}

/**
 * Removes images without a name (with `all`, every image) that pass the filters and that no container was made of, and every layer that no image, step
 * record or running command needs, whoever left it. As a user this starts the command anew in a namespace.
 */
export async function pruneImages(request: PruneRequest, host: Host): Promise<RemoveResult> {
  const store = openStore(storeRoot(host, request.root))
  const passes = compileImageFilters(request.filters, ['label', 'label!', 'until'], store, host.nowMs())
  if (host.uid !== 0) await enterNamespace(host, store)
  const users = imageUsers({ host, store, containers: openContainers(store.root, host.pid) })
  const removals = store.images.imageIds().flatMap((id) => {
    if (users.has(id)) return []
    const image = store.images.image(id)
    // One that has lost a layer is of no use to anyone.
    if (image === undefined) return request.filters.length === 0 && request.all ? removeWhole(store, id) : []
    const names = namesOf(store, image)
    return (request.all || names.length === 0) && passes(image, names) ? removeWhole(store, id) : []
  })
  return withLayers(store, host, removals)
}
