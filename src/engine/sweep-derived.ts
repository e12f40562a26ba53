import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode, storeAction } from '../base/index.ts'
import type { Store } from '../store/index.ts'

/** What is cheap to make again goes when nobody read it for so long. */
const idleMs = 30 * 24 * 60 * 60 * 1000

/**
 * Removes small files that are derived from others and were not read for a month: parsed Dockerfiles, fingerprints of contexts, what
 * COPY --from picked, validators of addresses. And sums up the journal of uses.
 */
export function sweepDerived(store: Store, nowMs: number): void {
  const oldest = nowMs - idleMs
  storeAction('remove derived files', () => {
    const selections = join(store.root, 'selections')
    const folders = ['cache', 'cache/remote/http', 'cache/remote/refs'].map((name) => join(store.root, name))
    for (const folder of [...folders, ...namesIn(selections).map((name) => join(selections, name))]) {
      for (const name of namesIn(folder)) {
        const path = join(folder, name)
        const stat = statSync(path, { throwIfNoEntry: false })
        if (stat?.isFile() === true && Math.max(stat.atimeMs, stat.mtimeMs) < oldest) rmSync(path, { force: true })
      }
    }
  })
  store.uses.compact(new Set(store.records.entries().map(({ record }) => record.key)))
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return []
    throw error
  }
}
