/**
 * Replays the recorded history of builds (`history.json`, made by `record.ts`) at one size of the cache, once with what was used longest ago
 * going first and once with `chooseEvictions`, and prints how long steps ran that had been made before and were removed.
 * Usage: node bench/eviction/replay.ts [MB]
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CacheEntry, chooseEvictions } from '../../src/engine/choose-evictions.ts'

interface History {
  readonly steps: readonly { readonly ms: number; readonly bytes: number }[]
  readonly builds: readonly { readonly atMs: number; readonly steps: readonly number[] }[]
}

/** Which entries go, the first ones first, until what is left is within a size. */
export type Policy = (entries: readonly CacheEntry[], keepBytes: number) => readonly CacheEntry[]

/** What was used longest ago goes first. */
export const leastRecentlyUsed: Policy = (entries, keepBytes) => {
  let left = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return entries
    .toSorted((a, b) => b.buildsSince - a.buildsSince || Number(a.id) - Number(b.id))
    .filter(({ sizeBytes }) => {
      const goes = left > keepBytes
      if (goes) left -= sizeBytes
      return goes
    })
}

export const ours: Policy = (entries, keepBytes) => chooseEvictions(entries, { keepBytes }).map(({ entry }) => entry)

export function readHistory(): History {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'history.json'), 'utf8'))
}

/** Seconds that steps ran for the first time, and again because they had been removed. */
export function replay(
  { steps, builds }: History,
  policy: Policy,
  keepBytes: number,
): { first: number; again: number } {
  const cache = new Map<number, { uses: number; last: number }>()
  const seen = new Set<number>()
  const spent = { first: 0, again: 0 }
  for (const [number, build] of builds.entries()) {
    for (const step of build.steps) {
      const ms = steps[step]?.ms ?? 0
      if (!cache.has(step)) spent[seen.has(step) ? 'again' : 'first'] += ms / 1000
      seen.add(step)
      cache.set(step, { uses: (cache.get(step)?.uses ?? 0) + 1, last: number })
    }
    const entries = [...cache].map(([step, { uses, last }]): CacheEntry => {
      const { ms, bytes } = steps[step] ?? { ms: 0, bytes: 0 }
      return { id: String(step), sizeBytes: bytes, rebuildMs: ms, uses, buildsSince: number - last, usedMs: last }
    })
    // What the build that just ended has used stays, as in a store; it counts all the same.
    const inUse = new Set(build.steps.map(String))
    const used = entries.filter(({ id }) => inUse.has(id)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const others = entries.filter(({ id }) => !inUse.has(id))
    for (const { id } of policy(others, Math.max(0, keepBytes - used))) cache.delete(Number(id))
  }
  return spent
}

if (process.argv[1] === import.meta.filename) {
  const history = readHistory()
  for (const megabytes of process.argv[2] === undefined ? [450, 500, 600, 700] : [Number(process.argv[2])]) {
    const [old, own] = [leastRecentlyUsed, ours].map((policy) => replay(history, policy, megabytes * 1e6).again)
    const saved = old === undefined || own === undefined ? 0 : 100 * (1 - own / old)
    process.stdout.write(
      `${megabytes} MB: rebuilt for ${old?.toFixed(0)} s by LRU, ${own?.toFixed(0)} s by worth: ${saved.toFixed(0)} % less\n`,
    )
  }
  const { first } = replay(history, ours, Number.POSITIVE_INFINITY)
  process.stdout.write(`(${history.builds.length} builds; what had to run once anyway: ${first.toFixed(0)} s)\n`)
}
