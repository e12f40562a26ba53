import { nearest, type Span } from '../base/index.ts'
import type { Instruction, Problems } from '../dockerfile/index.ts'
import { predefinedArgs, proxyNames } from './build-args.ts'
import type { ResolvedStage } from './resolve-stages.ts'
import type { ProgramOptions } from './types.ts'

/**
 * Warns of each build argument that no ARG of the file, nor of a trigger that ran, declares. Proxies, platform
 * arguments and BuildKit's control arguments need no declaration.
 */
export function warnUnusedBuildArgs(
  instructions: readonly Instruction[],
  stages: readonly ResolvedStage[],
  options: ProgramOptions,
  problems: Problems,
): void {
  const declared = new Map<string, Span | undefined>()
  for (const stage of stages) {
    for (const { instruction } of stage.steps) addNames(instruction, () => stage.source.from.span, declared)
  }
  for (const instruction of instructions) addNames(instruction, (span) => span, declared)
  const free = new Set([...predefinedArgs(options).keys(), ...proxyNames, 'SOURCE_DATE_EPOCH'])
  const first = instructions.find((instruction) => instruction.kind === 'from')?.keyword.span
  for (const name of Object.keys(options.buildArgs)) {
    if (declared.has(name) || free.has(name) || name.startsWith('BUILDKIT_')) continue
    const guess = nearest(name, declared.keys())
    const also = guess === undefined ? '' : ` (did you mean ${guess}?)`
    const span = (guess === undefined ? undefined : declared.get(guess)) ?? first ?? { start: 0, end: 0 }
    const hint = guess === undefined ? `declare it with ARG ${name} where it is used` : `pass --build-arg ${guess}=…`
    problems.warning('unused-build-arg', `build argument "${name}" is not declared by any ARG${also}`, span, { hint })
  }
}

/** `place` turns the span of a name into one of this file. */
function addNames(instruction: Instruction, place: (span: Span) => Span, names: Map<string, Span | undefined>): void {
  const { kind } = instruction
  if (kind === 'onbuild') addNames(instruction.trigger, place, names)
  else if (kind === 'arg') {
    for (const { name } of instruction.assignments) names.set(name.text, place(name.span))
  }
}
