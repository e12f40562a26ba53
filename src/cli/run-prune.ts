import { parseSize } from '../base/index.ts'
import { pruneCache, type RemovedResult } from '../engine/prune-cache.ts'
import { pruneImages } from '../engine/prune-images.ts'
import { formatAge, formatBytes, formatSeconds, renderTable } from '../report/index.ts'
import { confirm } from './confirm.ts'
import { exitCodes } from './exit-codes.ts'
import type { PruneFlags } from './flags.ts'
import { processHost } from './process-host.ts'
import { removalText } from './run-rmi.ts'

/** Runs `longshore builder prune`; asks first, unless forced. Returns the exit code. */
export async function runBuilderPrune(flags: PruneFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const dryRun = flags.dryRun === true
  const { keepStorage } = flags
  const what = flags.all === true ? 'all results of build steps' : 'results of build steps that no image has'
  if (!dryRun && flags.force !== true && !host.isReexecuted && !confirm(`WARNING! This will remove ${what}.`))
    return exitCodes.done
  const request = {
    ...{ all: flags.all === true, filters: flags.filter, dryRun },
    ...(keepStorage === undefined ? {} : { keepBytes: parseSize(keepStorage, '--keep-storage', 'decimal') }),
    ...(root === undefined ? {} : { root }),
  }
  const { removed, sizeBytes } = await pruneCache(request, host)
  process.stdout.write(removedTable(removed, host.nowMs()))
  process.stdout.write(totalText(dryRun, sizeBytes))
  return exitCodes.done
}

/** Runs `longshore system prune`: images, then results of build steps. Returns the exit code. */
export async function runSystemPrune(flags: PruneFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const dryRun = flags.dryRun === true
  const all = flags.all === true
  const question = `WARNING! This will remove:\n  - ${all ? 'all images' : 'all images without a name'}\n  - results of build steps that no image has`
  if (!dryRun && flags.force !== true && !host.isReexecuted && !confirm(question)) return exitCodes.done
  const common = { filters: flags.filter, dryRun, ...(root === undefined ? {} : { root }) }
  const images = await pruneImages({ ...common, all }, host)
  const cache = await pruneCache({ ...common, all: false }, host)
  const lines = images.removals.map((removal) => removalText(removal, 'untagged', 'deleted')).join('')
  if (lines !== '') process.stdout.write(`${dryRun ? 'Images that would be deleted' : 'Deleted Images'}:\n${lines}\n`)
  process.stdout.write(removedTable(cache.removed, host.nowMs()))
  process.stdout.write(totalText(dryRun, images.sizeBytes + cache.sizeBytes))
  return exitCodes.done
}

function totalText(dryRun: boolean, sizeBytes: number): string {
  return `Total ${dryRun ? 'reclaimable' : 'reclaimed'} space: ${formatBytes(sizeBytes)}\n`
}

const reasons = {
  unneeded: 'no image has it',
  unused: 'not used since',
  all: 'all were asked for',
  budget: 'worth least for its size',
} as const

function removedTable(removed: readonly RemovedResult[], nowMs: number): string {
  if (removed.length === 0) return ''
  const rows = removed.map(({ id, text, sizeBytes, rebuildMs, usedMs, reason }) => [
    id,
    formatBytes(sizeBytes),
    formatSeconds(rebuildMs),
    `${formatAge(nowMs - usedMs)} ago`,
    reasons[reason],
    text.length > 60 ? `${text.slice(0, 59)}…` : text,
  ])
  return `${renderTable(['ID', 'SIZE', 'REBUILD', 'LAST USED', 'REASON', 'STEP'], rows)}\n`
}
