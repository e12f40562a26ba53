import { appendFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { digestHex, errnoCode, type StepKey, storeError } from '../base/index.ts'
import { readIfExists, readJson, writeAtomic } from './files.ts'

/** How often results of steps were used, and when. */
export interface UseBook {
  /** Undefined for a result that no build is known to have used. */
  use(key: StepKey): { readonly uses: number; readonly usedMs: number } | undefined
  /** How many builds there were since a time. */
  buildsSince(timeMs: number): number
}

/**
 * A journal of which results each build used: one line a build, appended, since a cached build has no time for more. It is a
 * hint for what to remove first: a line that is lost or torn costs nothing else.
 */
export interface Uses {
  /** Notes a build. Does nothing in a store that cannot be written. */
  note(keys: readonly StepKey[], nowMs: number): void
  read(): UseBook
  /** Sums the journal up when it has grown long, and forgets keys that are not `known`. */
  compact(known: ReadonlySet<StepKey>): void
}

/** Enough to tell keys of one store from each other. */
const nameLength = 16
const compactBytes = 256 * 1024
/** Builds whose times are kept, so that age can be counted in builds. */
const timesKept = 2000

interface Book {
  readonly times: number[]
  readonly keys: Map<string, { uses: number; usedMs: number }>
}

/** Opens the journal below `root`. Reads nothing. */
export function openUses(root: string): Uses {
  const journal = join(root, 'cache', 'uses.log')
  const summary = join(root, 'cache', 'uses.json')
  const readBook = (): Book => withJournal(readJson(summary, decodeSummary), readIfExists(journal))
  return {
    note(keys, nowMs) {
      const names = [...new Set(keys.map(nameOf))]
      if (names.length === 0) return
      try {
        appendFileSync(journal, `${nowMs.toString(36)} ${names.join(' ')}\n`, { mode: 0o644 })
      } catch (error) {
        // A hint is not worth a build: neither on a full disk nor in a store that may only be read.
        if (!['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM'].includes(errnoCode(error) ?? ''))
          throw storeError('note what was used', error)
      }
    },
    read() {
      const { times, keys } = readBook()
      return {
        use: (key) => keys.get(nameOf(key)),
        buildsSince: (timeMs) => times.length - firstAfter(times, timeMs),
      }
    },
    compact(known) {
      if ((statSync(journal, { throwIfNoEntry: false })?.size ?? 0) < compactBytes) return
      const { times, keys } = readBook()
      const kept = new Set([...known].map(nameOf))
      const entries = [...keys].filter(([name]) => kept.has(name)).map(([name, use]) => [name, use.uses, use.usedMs])
      // What another build appends between the two is lost.
      writeAtomic(root, summary, JSON.stringify({ times: times.slice(-timesKept), keys: entries }))
      rmSync(journal, { force: true })
    },
  }
}

function nameOf(key: StepKey): string {
  return digestHex(key).slice(0, nameLength)
}

/** Index of the first time that is later than `timeMs`, of ascending times. */
function firstAfter(times: readonly number[], timeMs: number): number {
  const found = times.findIndex((time) => time > timeMs)
  return found < 0 ? times.length : found
}

function withJournal(summary: Book | undefined, bytes: Uint8Array | undefined): Book {
  const { times, keys }: Book = summary ?? { times: [], keys: new Map() }
  for (const line of Buffer.from(bytes ?? [])
    .toString('latin1')
    .split('\n')) {
    const [time = '', ...names] = line.split(' ')
    const usedMs = Number.parseInt(time, 36)
    if (!Number.isSafeInteger(usedMs) || names.length === 0) continue
    times.push(usedMs)
    for (const name of names) {
      const use = keys.get(name) ?? { uses: 0, usedMs: 0 }
      keys.set(name, { uses: use.uses + 1, usedMs: Math.max(use.usedMs, usedMs) })
    }
  }
  times.sort((a, b) => a - b)
  return { times, keys }
}

function decodeSummary(value: unknown): Book | undefined {
  if (typeof value !== 'object' || value === null || !('times' in value) || !('keys' in value)) return undefined
  const { times, keys }: { readonly times: unknown; readonly keys: unknown } = value
  if (!Array.isArray(times) || !Array.isArray(keys)) return undefined
  const entries = keys.flatMap((entry: unknown) => {
    const [name, uses, usedMs]: readonly unknown[] = Array.isArray(entry) ? entry : []
    if (typeof name !== 'string' || typeof uses !== 'number' || typeof usedMs !== 'number') return []
    return [[name, { uses, usedMs }] as const]
  })
  return { times: times.filter((time): time is number => typeof time === 'number'), keys: new Map(entries) }
}
