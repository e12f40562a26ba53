import { statfsSync } from 'node:fs'
import { ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import { openStore } from '../store/index.ts'
import type { BuildRequest } from './build-request.ts'
import { cacheItems } from './cache-items.ts'
import type { Host } from './host.ts'
import { removeChosen } from './prune-cache.ts'

const defaultShare = 0.1
const defaultAtLeast = 10_000_000_000

/**
 * Brings the cache within its budget when a build has made something: a tenth of the disk unless told otherwise, and not less than
 * 10 GB. What a running command uses, and what was used since `sinceMs`, stays. A failure is told and is no failure of the build.
 */
export async function keepBudget(
  root: string,
  host: Host,
  wanted: BuildRequest['cacheBudget'],
  sinceMs: number,
  emit: EmitEvent,
): Promise<void> {
  if (wanted === 'none') return
  const startMs = host.nowMs()
  const tell = (status: 'done' | 'failed', label: string, error?: string): void => {
    const timeMs = host.nowMs()
    emit({ kind: 'task-start', task: 'budget', label, timeMs: startMs })
    const failed = error === undefined ? {} : { error }
    emit({ kind: 'task-end', task: 'budget', status, ...failed, durationMs: timeMs - startMs, timeMs })
  }
  try {
    const store = openStore(root)
    const keepBytes = wanted ?? defaultBudget(root)
    const items = cacheItems(store, { all: false, copies: true })
    if (items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) <= keepBytes) return
    // What is in use cannot go, and counts all the same.
    const { removed, sizeBytes } = await removeChosen(store, host, items, { keepBytes, untilMs: sinceMs })
    if (removed.length === 0) return
    const count = `${removed.length} ${removed.length === 1 ? 'thing' : 'things'}`
    tell('done', `[internal] keep the cache within ${megabytes(keepBytes)}: removed ${count}, ${megabytes(sizeBytes)}`)
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    tell('failed', '[internal] keep the cache within its budget', error.message)
  }
}

function defaultBudget(root: string): number {
  const { blocks, bsize } = statfsSync(root)
  return Math.max(defaultAtLeast, Math.floor(blocks * bsize * defaultShare))
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 100_000) / 10} MB`
}
