import { pruneImages } from '../engine/prune-images.ts'
import { formatBytes } from '../report/index.ts'
import { confirm } from './confirm.ts'
import { exitCodes } from './exit-codes.ts'
import type { PruneFlags } from './flags.ts'
import { processHost } from './process-host.ts'
import { removalText } from './run-rmi.ts'

/** Runs `longshore image prune`; asks first, unless forced. Returns the exit code. */
export async function runImagePrune(flags: PruneFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const what = flags.all === true ? 'all images' : 'all images without a name'
  if (
    flags.force !== true &&
    flags.dryRun !== true &&
    !host.isReexecuted &&
    !confirm(`WARNING! This will remove ${what}.`)
  )
    return exitCodes.done
  const dryRun = flags.dryRun === true
  const request = { all: flags.all === true, filters: flags.filter, dryRun, ...(root === undefined ? {} : { root }) }
  const { removals, sizeBytes } = await pruneImages(request, host)
  const lines = removals.map((removal) => removalText(removal, 'untagged', 'deleted')).join('')
  process.stdout.write(lines === '' ? '' : `${dryRun ? 'Images that would be deleted' : 'Deleted Images'}:\n${lines}\n`)
  process.stdout.write(`Total ${dryRun ? 'reclaimable' : 'reclaimed'} space: ${formatBytes(sizeBytes)}\n`)
  return exitCodes.done
}
