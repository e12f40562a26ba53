import { ToolError } from '../base/index.ts'
import { pullReference } from '../engine/pull-reference.ts'
import { parsePlatform } from '../oci/index.ts'
import { exitCodes } from './exit-codes.ts'
import type { RegistryFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'
import { processHost } from './process-host.ts'
import { openProgress } from './progress.ts'
import { registryAccess } from './registry-access-flags.ts'

/** Runs `longshore pull`; returns the exit code. */
export async function runPull(
  reference: string,
  flags: RegistryFlags & { readonly quiet?: boolean; readonly platform?: string },
  root: string | undefined,
): Promise<number> {
  const host = processHost()
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  const progress = openProgress('auto')
  const platform = flags.platform === undefined ? {} : { platform: parsePlatform(flags.platform) }
  try {
    const request = {
      reference,
      access: registryAccess(flags),
      ...platform,
      ...(root === undefined ? {} : { root }),
    }
    const id = await pullReference(
      request,
      host,
      (event) => (flags.quiet === true ? undefined : progress.report(event)),
      abort.signal,
    )
    progress.end()
    process.stdout.write(`${id}\n`)
    return exitCodes.done
  } finally {
    progress.end()
    restore()
  }
}
