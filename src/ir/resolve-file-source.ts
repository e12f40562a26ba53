import { nearest, replacing, type Span } from '../base/index.ts'
import { intendedReference, referenceProblem } from './image-reference.ts'
import type { InstructionSite } from './instruction-site.ts'
import { findNamedContext } from './named-context.ts'
import { findStage, type SourceStage, stageNames } from './split-stages.ts'
import type { FileSource, ProgramOptions } from './types.ts'

/** An option that names a stage or an image: COPY --from, or `from` of RUN --mount. */
export interface FromOption {
  /** As messages call it. */
  readonly name: '--from' | 'from of --mount'
  readonly value: string
  readonly valueSpan: Span
}

/**
 * Where the option of an instruction in `stage` leads: an earlier stage by name or index, else an image for the target
 * platform. The value is not expanded. Undefined after an error: a later stage, no such index, a variable.
 */
export function resolveFileSource(
  site: InstructionSite,
  flag: FromOption,
  stage: SourceStage,
  stages: readonly SourceStage[],
  options: ProgramOptions,
): FileSource | undefined {
  const { name, value } = flag
  const span = site.span({ span: flag.valueSpan })
  const fail = (code: string, message: string, hint: string, meant?: string): undefined => {
    site.error(code, message, span, { hint, fix: meant === undefined ? undefined : replacing(span, meant) })
  }
  if (value.includes('$')) {
    const use = name === '--from' ? 'COPY --from=source' : '--mount=from=source'
    const hint = `name a stage, and use the variable in its FROM: FROM $IMAGE AS source, then ${use}`
    return fail('from-variable', `variable expansion is not supported for ${name}: ${value}`, hint)
  }
  if (/^\d+$/.test(value)) {
    const index = Number(value)
    if (index < stage.index) return { kind: 'stage', stage: index }
    const message = `invalid stage index ${value} in ${name}: no such stage before this one`
    return fail('invalid-stage-index', message, earlierStages(stage.index))
  }
  const found = findStage(stages, value, stage.index)
  if (found !== undefined) return { kind: 'stage', stage: found.index }
  const current = stage.name ?? String(stage.index)
  if (findStage(stages, value, stages.length) !== undefined) {
    const message = `cannot copy from stage "${value}", it needs to be defined before current stage "${current}"`
    const isSame = value.toLowerCase() === stage.name
    const hint = isSame
      ? 'a stage cannot copy from itself: name an earlier one'
      : `move stage "${value}" above this one`
    return fail('stage-order', message, hint)
  }
  const named = findNamedContext(options, value, options.targetPlatform)
  if (named?.context.kind === 'files') return { kind: 'named', name: named.key }
  if (named !== undefined)
    return { kind: 'image', reference: named.context.reference, platform: options.targetPlatform }
  if (value === 'scratch') return fail('copy-from-scratch', 'scratch has no files to copy', 'name a stage or an image')
  const problem = referenceProblem(value)
  if (problem === undefined) return { kind: 'image', reference: value, platform: options.targetPlatform }
  const guess = nearest(value, stageNames(stages.slice(0, stage.index))) ?? intendedReference(value)
  const also = guess === undefined ? '' : ` (did you mean ${guess}?)`
  const message = `invalid reference format in ${name}: "${value}": ${problem}${also}`
  const hint = 'give the name or index of an earlier stage, or an image'
  return fail('invalid-reference', message, hint, guess)
}

function earlierStages(count: number): string {
  if (count === 0) return 'this is the first stage: stages are counted from 0, and only those above can be copied from'
  return count === 1 ? 'only stage 0 comes before this one' : `stages 0 to ${count - 1} come before this one`
}
