import { pruneContainers } from '../engine/prune-containers.ts'
import { formatBytes } from '../report/index.ts'
import { confirm } from './confirm.ts'
import { exitCodes } from './exit-codes.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore container prune`; asks first, unless forced. Returns the exit code. */
export async function runContainerPrune(
  flags: { readonly force?: boolean; readonly filter: readonly string[] },
  root: string | undefined,
): Promise<number> {
  if (flags.force !== true && !confirm('WARNING! This will remove all containers that do not run.')) {
    return exitCodes.done
  }
  const { ids, sizeBytes } = await pruneContainers(processHost(), root, flags.filter)
  process.stdout.write(ids.length === 0 ? '' : `Deleted Containers:\n${ids.join('\n')}\n\n`)
  process.stdout.write(`Total reclaimed space: ${formatBytes(sizeBytes)}\n`)
  return exitCodes.done
}
