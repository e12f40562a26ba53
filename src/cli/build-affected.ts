import { ToolError } from '../base/index.ts'
import { affectedTargets } from '../engine/affected.ts'
import type { BuildRequest } from '../engine/build-request.ts'
import type { Host } from '../engine/host.ts'
import { affectedJson, affectedText } from './affected-text.ts'
import { diagnosticsIn } from './bake-text.ts'
import { exitCodes } from './exit-codes.ts'
import type { BuildFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'

/** `build --affected`: undefined when the image is to be built, else the exit code: no change reaches it, or it was only asked. */
export async function endUnlessAffected(
  request: BuildRequest,
  ref: string,
  flags: Pick<BuildFlags, 'dryRun' | 'format'>,
  host: Host,
): Promise<number | undefined> {
  if (request.otherTargets.length > 0) {
    throw new ToolError('usage', '--affected asks about one target', {
      hint: 'ask for each on its own, or use longshore bake',
    })
  }
  const name = request.tags[0] ?? request.target ?? 'image'
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  try {
    const target = { name, request, links: {}, isLinked: false }
    const unchanged = async () => () => undefined
    const outcome = await affectedTargets([target], ref, unchanged, host, () => undefined, abort.signal)
    if (outcome.kind === 'invalid') {
      process.stderr.write(
        diagnosticsIn(
          outcome.diagnostics,
          outcome.sources.map(({ scene }) => scene.source),
        ),
      )
      return exitCodes.error
    }
    if (flags.dryRun === true) {
      process.stdout.write(flags.format === 'json' ? affectedJson(ref, outcome) : affectedText(outcome.targets))
      return exitCodes.done
    }
    if (!host.isReexecuted) process.stderr.write(affectedText(outcome.targets))
    return outcome.targets.some(({ isAffected }) => isAffected) ? undefined : exitCodes.done
  } finally {
    restore()
  }
}
