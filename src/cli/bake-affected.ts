import { ToolError } from '../base/index.ts'
import { type AffectedTarget, affectedTargets } from '../engine/affected.ts'
import { bakeChanges } from '../engine/bake-changes.ts'
import type { BakeTargetRequest } from '../engine/bake-scenes.ts'
import type { Host } from '../engine/host.ts'
import type { BakeQuestion, OpenBake } from '../engine/open-bake.ts'
import { affectedJson, affectedText, checkFormat } from './affected-text.ts'
import { diagnosticsIn } from './bake-text.ts'
import { exitCodes } from './exit-codes.ts'
import type { BakeFlags } from './flags.ts'
import { onInterrupt } from './interrupt.ts'

/** What `bake --affected` is asked. */
export interface AffectedQuestion {
  readonly ref: string
  readonly question: BakeQuestion
  readonly opened: OpenBake
  readonly targets: readonly BakeTargetRequest[]
  readonly flags: Pick<BakeFlags, 'dryRun' | 'format'>
}

/** The targets that are left to build; or the command has ended: nothing is, or it was only asked. */
export type AffectedChoice =
  | { readonly kind: 'build'; readonly targets: readonly BakeTargetRequest[] }
  | { readonly kind: 'ended'; readonly exitCode: number }

/** Says what a change since a commit can reach: on stdout with `--dry-run`, else on stderr before it is built. */
export async function runAffected(asked: AffectedQuestion, host: Host): Promise<AffectedChoice> {
  const { ref, question, opened, targets, flags } = asked
  checkFormat(flags.format)
  const abort = new AbortController()
  const restore = onInterrupt(() => abort.abort(new ToolError('canceled', 'interrupted')))
  try {
    const definition = (commit: Parameters<typeof bakeChanges>[3]) => bakeChanges(question, opened, host, commit)
    const outcome = await affectedTargets(targets, ref, definition, host, () => undefined, abort.signal)
    if (outcome.kind === 'invalid') {
      const sources = outcome.sources.map(({ scene }) => scene.source)
      process.stderr.write(diagnosticsIn(outcome.diagnostics, sources))
      return { kind: 'ended', exitCode: exitCodes.error }
    }
    if (flags.dryRun === true) {
      process.stdout.write(flags.format === 'json' ? affectedJson(ref, outcome) : affectedText(outcome.targets))
      return { kind: 'ended', exitCode: exitCodes.done }
    }
    if (!host.isReexecuted) process.stderr.write(affectedText(outcome.targets))
    const chosen = chooseAffected(targets, outcome.targets)
    return chosen.length === 0 ? { kind: 'ended', exitCode: exitCodes.done } : { kind: 'build', targets: chosen }
  } finally {
    restore()
  }
}

/** The affected targets that somebody asked for, and those that they stand on, in the same order. */
export function chooseAffected(
  targets: readonly BakeTargetRequest[],
  found: readonly AffectedTarget[],
): readonly BakeTargetRequest[] {
  const wanted = new Set(found.flatMap(({ name, isAffected, isLinked }) => (isAffected && !isLinked ? [name] : [])))
  for (const { name, links } of targets.toReversed()) {
    if (wanted.has(name)) for (const linked of Object.values(links)) wanted.add(linked)
  }
  // One that was asked for, but is here for others alone, makes no image.
  const isReached = (name: string): boolean => found.some((one) => one.name === name && one.isAffected)
  return targets
    .filter(({ name }) => wanted.has(name))
    .map((target) => ({ ...target, isLinked: target.isLinked || !isReached(target.name) }))
}
