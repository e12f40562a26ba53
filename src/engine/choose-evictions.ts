/** A layer that only results of build steps keep, and what making it again would take. */
export interface CacheEntry {
  readonly id: string
  /** Bytes that removing it frees. */
  readonly sizeBytes: number
  /** How long the step ran that made it. */
  readonly rebuildMs: number
  /** When it was last made or used, milliseconds since the epoch. */
  readonly usedMs: number
}

/** Why an entry goes. */
export type EvictionReason = 'unneeded' | 'unused' | 'budget'

export interface EvictionLimits {
  readonly nowMs: number
  /** Entries that were used since then stay. */
  readonly untilMs?: number
  /** Bytes that may stay; the entries that are worth least for their bytes go first. */
  readonly keepBytes?: number
}

const dayMs = 24 * 60 * 60 * 1000

/**
 * Which entries to remove, those worth least first. An entry is worth the time to make it again, the less the longer nobody
 * used it, for each of its bytes; so a large layer that was copied in a moment goes before a small one that was compiled for minutes.
 */
export function chooseEvictions<Entry extends CacheEntry>(
  entries: readonly Entry[],
  { nowMs, untilMs, keepBytes }: EvictionLimits,
): readonly { readonly entry: Entry; readonly reason: EvictionReason }[] {
  const old = entries.filter((entry) => untilMs === undefined || entry.usedMs < untilMs)
  const ordered = old
    .map((entry) => ({ entry, worth: worthPerByte(entry, nowMs) }))
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

function worthPerByte({ sizeBytes, rebuildMs, usedMs }: CacheEntry, nowMs: number): number {
  const idleDays = Math.max(0, nowMs - usedMs) / dayMs
  return rebuildMs / (1 + idleDays) / Math.max(1, sizeBytes)
}
