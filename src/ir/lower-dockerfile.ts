import { lintRule } from '../../grammar/index.ts'
import { type Diagnostic, hasErrors, type SourceFile } from '../base/index.ts'
import { chooseDiagnostics, type ParsedDockerfile, Problems } from '../dockerfile/index.ts'
import { givenArg } from './build-args.ts'
import { findTarget } from './find-target.ts'
import { globalScope } from './global-scope.ts'
import { lintFroms } from './lint-froms.ts'
import { lowerStages } from './lower-stage.ts'
import { type ResolvedStage, resolveStages } from './resolve-stages.ts'
import { type SourceStage, splitStages } from './split-stages.ts'
import type { LowerFacts, LowerResult, ProgramOptions, Stage } from './types.ts'
import { warnUnusedBuildArgs } from './unused-build-args.ts'

/**
 * Lowers a parsed Dockerfile to the stages its target needs. Pure: what it has to know about images comes in as facts,
 * and it is called again with more of them until it yields a program or fails. `source` is the text that was parsed.
 * Diagnostics of the parser are part of the result.
 */
export function lowerDockerfile(
  parsed: ParsedDockerfile,
  source: SourceFile,
  options: ProgramOptions,
  facts: LowerFacts,
): LowerResult {
  const { level = 'build' } = options
  const override = givenArg(options, 'BUILDKIT_DOCKERFILE_CHECK')
  const choose = (all: readonly Diagnostic[]) => chooseDiagnostics(parsed, source, all, { level, override })
  if (hasErrors(parsed.diagnostics)) return { kind: 'failed', diagnostics: choose(parsed.diagnostics) }
  const problems = new Problems(source.name)
  const { globals, stages } = splitStages(parsed.instructions)
  const escapeCharacter = parsed.escape
  const fail = (): LowerResult => ({ kind: 'failed', diagnostics: choose([...parsed.diagnostics, ...problems.all]) })
  const scope = globalScope(source, globals, escapeCharacter, options, problems)
  lintFroms({ source, globalArgs: globals, stages, globals: scope, options, problems })
  const find = (name: string | undefined): SourceStage | undefined => findTarget(source, stages, name, problems)
  const target = find(options.target)
  const others = (options.otherTargets ?? []).flatMap((name) => find(name) ?? [])
  for (const name of options.namedStages ?? []) findTarget(source, stages, name, problems, 'stage')
  if (target === undefined || problems.hasErrors) return fail()
  const targets = level === 'check' && options.target === undefined ? stages : [...new Set([...others, target])]
  const resolution = resolveStages({ source, stages, globals: scope, options, facts, problems }, targets)
  if (problems.hasErrors) return fail()
  if (resolution.images.length > 0) return { kind: 'needs-images', images: resolution.images }
  if (resolution.triggers.length > 0) return { kind: 'needs-triggers', triggers: resolution.triggers }
  const lowered: Stage[] = lowerStages({ escape: escapeCharacter, globals: scope, options, facts }, resolution.stages)
  warnUnusedBuildArgs(parsed.instructions, resolution.stages, options, problems)
  const reached = withoutUnreached(parsed.diagnostics, stages, resolution.stages)
  const all = choose([...reached, ...problems.all])
  if (hasErrors(all)) return { kind: 'failed', diagnostics: all }
  const several = targets.length === 1 || level === 'check' ? {} : { targets: targets.map(({ index }) => index) }
  const program = { stages: lowered, target: target.index, ...several, stageCount: stages.length, diagnostics: all }
  return { kind: 'program', program }
}

/** Without the warnings about stages that the target does not need, where the rule is about what is built. */
function withoutUnreached(
  diagnostics: readonly Diagnostic[],
  stages: readonly SourceStage[],
  resolved: readonly ResolvedStage[],
): readonly Diagnostic[] {
  const reached = new Set(resolved.map((stage) => stage.source.index))
  return diagnostics.filter(({ code, span }) => {
    const stage = stages.findLast(({ from }) => from.span.start <= span.start)
    return lintRule(code)?.reach !== 'stage' || stage === undefined || reached.has(stage.index)
  })
}
