import { type DiffId, digestHex, type StepKey, ToolError } from '../base/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type CacheEntry, chooseEvictions, type EvictionReason } from './choose-evictions.ts'
import { type Host, storeRoot } from './host.ts'
import { parseTime } from './image-filter.ts'
import { enterNamespace } from './namespace.ts'
import { withLayers } from './remove-images.ts'

/** Which results of build steps to remove. */
export interface CachePruneRequest {
  /** Also those whose layers images have. */
  readonly all: boolean
  readonly filters: readonly string[]
  readonly keepBytes?: number
  /** Only say what would go. */
  readonly dryRun: boolean
  readonly root?: string
}

/** A result that goes, and why. */
export interface RemovedResult {
  readonly id: string
  /** The instruction that made it. */
  readonly text: string
  readonly sizeBytes: number
  readonly rebuildMs: number
  readonly usedMs: number
  /** `all`: an image has it, and everything was asked for. */
  readonly reason: EvictionReason | 'all'
}

/**
 * Removes results of build steps, and the layers that nothing else needs then: all of them, those not used since a time
 * (`until`), or as many as it takes to keep within a size. As a user this starts the command anew in a namespace. Throws
 * `ToolError` `usage` for filters that are not known.
 */
export async function pruneCache(
  request: CachePruneRequest,
  host: Host,
): Promise<{ readonly removed: readonly RemovedResult[]; readonly sizeBytes: number }> {
  const store = openStore(storeRoot(host, request.root))
  const nowMs = host.nowMs()
  const untilMs = untilOf(request.filters, nowMs)
  const { keepBytes } = request
  const limits = {
    nowMs,
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(keepBytes === undefined ? {} : { keepBytes }),
  }
  if (host.uid !== 0 && !request.dryRun) await enterNamespace(host, store)
  const chosen = chooseEvictions(cachedLayers(store, request.all), limits)
  const removed = chosen.map(
    ({ entry: { id, text, sizeBytes, rebuildMs, usedMs, isShared }, reason }): RemovedResult => {
      const why = reason === 'unneeded' && isShared ? 'all' : reason
      return { id, text, sizeBytes, rebuildMs, usedMs, reason: why }
    },
  )
  const expected = removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (request.dryRun) return { removed, sizeBytes: expected }
  for (const { entry } of chosen) for (const key of entry.keys) store.records.remove(key)
  const { sizeBytes } = await withLayers(store, host, [])
  return { removed, sizeBytes }
}

interface CachedLayer extends CacheEntry {
  readonly text: string
  readonly isShared: boolean
  readonly keys: readonly StepKey[]
}

/** The layers that results lead to. Those of images free nothing, and are listed only with `all`. */
function cachedLayers(store: Store, all: boolean): readonly CachedLayer[] {
  const ofImages = new Set(store.images.imageIds().flatMap((id) => store.images.config(id)?.diffIds ?? []))
  const found = new Map<DiffId, CachedLayer>()
  for (const { record, usedMs } of store.records.entries()) {
    const { diffId, key, text, durationMs } = record
    const isShared = ofImages.has(diffId)
    if (isShared && !all) continue
    const known = found.get(diffId)
    found.set(diffId, {
      id: digestHex(diffId).slice(0, 12),
      text: known?.text ?? text,
      isShared,
      sizeBytes: isShared ? 0 : (store.layers.layer(diffId)?.sizeBytes ?? 0),
      rebuildMs: Math.max(durationMs, known?.rebuildMs ?? 0),
      usedMs: Math.max(usedMs, known?.usedMs ?? 0),
      keys: [...(known?.keys ?? []), key],
    })
  }
  return [...found.values()]
}

function untilOf(filters: readonly string[], nowMs: number): number | undefined {
  let untilMs: number | undefined
  for (const filter of filters) {
    const value = /^until=(.+)$/s.exec(filter)?.[1]
    if (value === undefined) {
      throw new ToolError('usage', `the filter "${filter}" is not known here`, {
        hint: 'write until=24h, or until=DATE',
      })
    }
    untilMs = Math.min(parseTime(value, nowMs), untilMs ?? Number.POSITIVE_INFINITY)
  }
  return untilMs
}
