import { ToolError } from '../base/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type CacheItem, type CacheKind, cacheItems, cacheKinds } from './cache-items.ts'
import { chooseEvictions, type EvictionLimits, type EvictionReason } from './choose-evictions.ts'
import { type Host, storeRoot } from './host.ts'
import { parseTime } from './image-filter.ts'
import { enterNamespace } from './namespace.ts'
import { withLayers } from './remove-images.ts'
import { sweepDerived } from './sweep-derived.ts'

/** What of the cache to remove. */
export interface CachePruneRequest {
  /** Also what images have, compressed copies, and the last build of each project. */
  readonly all: boolean
  readonly filters: readonly string[]
  readonly keepBytes?: number
  /** Only say what would go. */
  readonly dryRun: boolean
  readonly root?: string
}

/** Something that goes, and why. */
export interface RemovedItem {
  readonly kind: CacheKind
  readonly id: string
  /** The instruction that made it, or what it is. */
  readonly text: string
  readonly sizeBytes: number
  readonly rebuildMs: number
  readonly usedMs: number
  /** `all`: an image has it, and everything was asked for. */
  readonly reason: EvictionReason | 'all'
}

export interface PrunedCache {
  readonly removed: readonly RemovedItem[]
  readonly sizeBytes: number
}

/**
 * Removes what the cache holds: results of build steps and the layers that nothing else needs then, failed steps that were kept,
 * fetched files, directories of cache mounts, memories of old builds. All of it, what was not used since a time (`until`), of some
 * kinds (`type`), or as much as it takes to keep within a size. What a running command uses stays. As a user this starts the
 * command anew in a namespace. Throws `ToolError` `usage` for filters that are not known.
 */
export async function pruneCache(request: CachePruneRequest, host: Host): Promise<PrunedCache> {
  const store = openStore(storeRoot(host, request.root))
  const { untilMs, kinds } = parseFilters(request.filters, host.nowMs())
  const { keepBytes, all, dryRun } = request
  const limits = {
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(keepBytes === undefined ? {} : { keepBytes }),
  }
  if (host.uid !== 0 && !dryRun) await enterNamespace(host, store)
  // A size is for all that grows, copies too; else those go when they are asked for.
  const copies = all || keepBytes !== undefined || kinds?.has('copy') === true
  const items = cacheItems(store, { all, copies, ...(kinds === undefined ? {} : { kinds }) })
  return removeChosen(store, host, items, limits, dryRun)
}

/** Removes the items that the limits let go, and what nothing needs then. */
export async function removeChosen(
  store: Store,
  host: Host,
  items: readonly CacheItem[],
  limits: EvictionLimits,
  dryRun = false,
): Promise<PrunedCache> {
  const chosen = chooseEvictions(items, limits).filter(({ entry }) => !entry.isLeased)
  const gone = dryRun ? chosen : chosen.filter(({ entry }) => entry.remove())
  const removed = gone.map(
    ({ entry: { kind, id, text, sizeBytes, rebuildMs, usedMs, isShared }, reason }): RemovedItem => {
      const why = reason === 'unneeded' && isShared ? 'all' : reason
      return { kind, id, text, sizeBytes, rebuildMs, usedMs, reason: why }
    },
  )
  const bytes = (some: readonly RemovedItem[]): number => some.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (dryRun) return { removed, sizeBytes: bytes(removed) }
  sweepDerived(store, host.nowMs())
  // What layers free is counted when they go: one may have become somebody's meanwhile.
  const { sizeBytes } = await withLayers(store, host, [])
  return { removed, sizeBytes: sizeBytes + bytes(removed.filter(({ kind }) => kind !== 'step')) }
}

/** docker's names of the same. */
const otherKinds: Readonly<Record<string, CacheKind>> = {
  regular: 'step',
  'exec.cachemount': 'mount',
  'source.local': 'fetched',
  'source.git.checkout': 'fetched',
}

function parseFilters(
  filters: readonly string[],
  nowMs: number,
): { readonly untilMs?: number; readonly kinds?: ReadonlySet<CacheKind> } {
  let untilMs: number | undefined
  const kinds = new Set<CacheKind>()
  for (const filter of filters) {
    const [, key, value = ''] = /^(until|type)=(.+)$/s.exec(filter) ?? []
    if (key === 'until') untilMs = Math.min(parseTime(value, nowMs), untilMs ?? Number.POSITIVE_INFINITY)
    else {
      const kind = cacheKinds.find((name) => name === value) ?? otherKinds[value]
      if (kind === undefined || key === undefined) {
        throw new ToolError('usage', `the filter "${filter}" is not known here`, {
          hint: `write until=24h, until=DATE, or type=${cacheKinds.join('|')}`,
        })
      }
      kinds.add(kind)
    }
  }
  return { ...(untilMs === undefined ? {} : { untilMs }), ...(kinds.size === 0 ? {} : { kinds }) }
}
