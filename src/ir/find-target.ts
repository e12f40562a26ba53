import { nearest, type SourceFile } from '../base/index.ts'
import type { Problems } from '../dockerfile/index.ts'
import { findStage, type SourceStage, stageNames } from './split-stages.ts'

/** The stage to build: by name in any case, by index, or the last one. Undefined after an error, which calls it a `what`. */
export function findTarget(
  source: SourceFile,
  stages: readonly SourceStage[],
  target: string | undefined,
  problems: Problems,
  what: 'target stage' | 'stage' = 'target stage',
): SourceStage | undefined {
  if (target === undefined) return stages.at(-1)
  const found = findStage(stages, target, stages.length) ?? (/^\d+$/.test(target) ? stages[Number(target)] : undefined)
  if (found === undefined) reportUnknown(source, stages, target, problems, what)
  return found
}

function reportUnknown(
  source: SourceFile,
  stages: readonly SourceStage[],
  target: string,
  problems: Problems,
  what: string,
): void {
  const names = stageNames(stages)
  const guess = nearest(target, names)
  const near = guess === undefined ? stages.at(-1) : findStage(stages, guess, stages.length)
  const message = `${what} "${target}" could not be found${guess === undefined ? '' : ` (did you mean ${guess}?)`}`
  const hint = names.length === 0 ? 'no stage has a name; write FROM IMAGE AS NAME' : `stages are ${names.join(', ')}`
  problems.error('unknown-target', message, near?.from.span ?? { start: 0, end: source.text.length }, { hint })
}
