/** Something of the cache that can be made again, and what that would take. */
export interface CacheEntry {
  readonly id: string
  /** Bytes that removing it frees. */
  readonly sizeBytes: number
  /** How long it takes to make it again. */
  readonly rebuildMs: number
  /** How many builds used it, at least 1. */
  readonly uses: number
  /** How many builds there were in the store since one used it. */
  readonly buildsSince: number
  /** When it was last made or used, milliseconds since the epoch. */
  readonly usedMs: number
}

/** Why an entry goes. */
export type EvictionReason = 'unneeded' | 'unused' | 'budget'

export interface EvictionLimits {
  /** Entries that were used since then stay. */
  readonly untilMs?: number
  /** Bytes that may stay; the entries that are worth least for their bytes go first. */
  readonly keepBytes?: number
}

/**
 * Which entries to remove, those worth least first. An entry is worth the time to make it again, times how often it was used, the
 * less the more builds did without it, for each of its bytes; so a large layer that was copied in a moment goes before a small one
 * that was compiled for minutes. Age is counted in builds: a store that rests over a holiday loses nothing by it.
 */
export function chooseEvictions<Entry extends CacheEntry>(
  entries: readonly Entry[],
  { untilMs, keepBytes }: EvictionLimits,
): readonly { readonly entry: Entry; readonly reason: EvictionReason }[] {
  const old = entries.filter((entry) => untilMs === undefined || entry.usedMs < untilMs)
  const ordered = old
    .map((entry) => ({ entry, worth: worthPerByte(entry) }))
    .sort((a, b) => a.worth - b.worth || a.entry.usedMs - b.entry.usedMs || (a.entry.id < b.entry.id ? -1 : 1))
  if (keepBytes === undefined) {
    const reason = untilMs === undefined ? 'unneeded' : 'unused'
    return ordered.map(({ entry }) => ({ entry, reason }))
  }
  let left = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const gone: { readonly entry: Entry; readonly reason: EvictionReason }[] = []
  for (const { entry } of ordered) {
    if (left <= keepBytes) break
    left -= entry.sizeBytes
    gone.push({ entry, reason: 'budget' })
  }
  return gone
}

function worthPerByte({ sizeBytes, rebuildMs, uses, buildsSince }: CacheEntry): number {
  return (rebuildMs * uses) / (1 + buildsSince) / Math.max(1, sizeBytes)
}
