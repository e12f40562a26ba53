import { ToolError } from '../base/index.ts'
import { pullReference } from '../engine/pull-reference.ts'
import { exitCodes } from './exit-codes.ts'
import type { PullFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'
import { platformField } from './platform-field.ts'
import { processHost } from './process-host.ts'
import { openProgress } from './progress.ts'
import { registryAccess } from './registry-access-flags.ts'

/** Runs `longshore pull`; returns the exit code. */
export async function runPull(reference: string, flags: PullFlags, root: string | undefined): Promise<number> {
  const host = processHost()
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  const progress = openProgress('auto')
  try {
    const request = {
      reference,
      access: registryAccess(flags),
      ...platformField(flags),
      allPlatforms: flags.allPlatforms === true,
      ...(root === undefined ? {} : { root }),
    }
    const ids = await pullReference(
      request,
      host,
      (event) => (flags.quiet === true ? undefined : progress.report(event)),
      abort.signal,
    )
    progress.end()
    process.stdout.write(ids.map((id) => `${id}\n`).join(''))
    return exitCodes.done
  } finally {
    progress.end()
    restore()
  }
}
