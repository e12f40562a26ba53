import { parseSize, sanitizeLine } from '../base/index.ts'
import { pruneCache, type RemovedItem } from '../engine/prune-cache.ts'
import { pruneImages } from '../engine/prune-images.ts'
import { pruneRest } from '../engine/prune-system.ts'
import { formatAge, formatBytes, formatSeconds, renderTable } from '../report/index.ts'
import { confirm } from './confirm.ts'
import { exitCodes } from './exit-codes.ts'
import type { PruneFlags, SystemPruneFlags } from './flags.ts'
import { processHost } from './process-host.ts'
import { removalText } from './run-rmi.ts'

/** Runs `longshore builder prune`; asks first, unless forced. Returns the exit code. */
export async function runBuilderPrune(flags: PruneFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const dryRun = flags.dryRun === true
  const { keepStorage } = flags
  const what = flags.all === true ? 'the whole cache' : 'all of the cache that no image has'
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

/** Runs `longshore system prune`: containers, networks, volumes when asked, images, then the cache. Returns the exit code. */
export async function runSystemPrune(flags: SystemPruneFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const dryRun = flags.dryRun === true
  const all = flags.all === true
  const volumes = flags.volumes === true
  if (!dryRun && flags.force !== true && !host.isReexecuted && !confirm(systemQuestion(all, volumes)))
    return exitCodes.done
  const common = { filters: flags.filter, dryRun, ...(root === undefined ? {} : { root }) }
  const rest = await pruneRest({ ...common, volumes }, host)
  const images = await pruneImages({ ...common, all }, host)
  const cache = await pruneCache({ ...common, all: false }, host)
  process.stdout.write(section('Containers', rest.containers, dryRun))
  process.stdout.write(section('Networks', rest.networks, dryRun))
  process.stdout.write(section('Volumes', rest.volumes, dryRun))
  const lines = images.removals.map((removal) => removalText(removal, 'untagged', 'deleted').trimEnd())
  process.stdout.write(section('Images', lines, dryRun))
  process.stdout.write(removedTable(cache.removed, host.nowMs()))
  process.stdout.write(totalText(dryRun, rest.sizeBytes + images.sizeBytes + cache.sizeBytes))
  return exitCodes.done
}

function systemQuestion(all: boolean, volumes: boolean): string {
  return [
    'WARNING! This will remove:',
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all volumes without a name that no container has'] : []),
    all ? 'all images without at least one container' : 'all images without a name',
    'all of the cache that no image has',
  ].join('\n  - ')
}

function section(what: string, lines: readonly string[], dryRun: boolean): string {
  if (lines.length === 0) return ''
  return `${dryRun ? `${what} that would be deleted` : `Deleted ${what}`}:\n${lines.join('\n')}\n\n`
}

function totalText(dryRun: boolean, sizeBytes: number): string {
  return `Total ${dryRun ? 'reclaimable' : 'reclaimed'} space: ${formatBytes(sizeBytes)}\n`
}

const reasons = {
  unneeded: 'nothing needs it',
  unused: 'not used since',
  all: 'all were asked for',
  budget: 'worth least for its size',
} as const

function removedTable(removed: readonly RemovedItem[], nowMs: number): string {
  if (removed.length === 0) return ''
  const rows = removed.map(({ kind, id, text, sizeBytes, rebuildMs, usedMs, reason }) => [
    id,
    kind,
    formatBytes(sizeBytes),
    formatSeconds(rebuildMs),
    `${formatAge(nowMs - usedMs)} ago`,
    reason === 'unneeded' && kind === 'step' ? 'no image has it' : reasons[reason],
    cut(sanitizeLine(text)),
  ])
  return `${renderTable(['ID', 'KIND', 'SIZE', 'REBUILD', 'LAST USED', 'REASON', 'WHAT'], rows)}\n`
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
