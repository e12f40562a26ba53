import { hasErrors, type SourceFile } from '../base/index.ts'
import { applyCheckDirective, type ParsedDockerfile, Problems } from '../dockerfile/index.ts'
import { findTarget } from './find-target.ts'
import { globalScope } from './global-scope.ts'
import { lowerStages } from './lower-stage.ts'
import { resolveStages } from './resolve-stages.ts'
import { splitStages } from './split-stages.ts'
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
  if (hasErrors(parsed.diagnostics)) return { kind: 'failed', diagnostics: parsed.diagnostics }
  const problems = new Problems(source.name)
  const { globals, stages } = splitStages(parsed.instructions)
  const escapeCharacter = parsed.escape
  const diagnostics = () =>
    [...parsed.diagnostics, ...applyCheckDirective(parsed.directives, problems.all)].sort(
      (a, b) => a.span.start - b.span.start,
    )
  const scope = globalScope(source, globals, escapeCharacter, options, problems)
  const target = findTarget(source, stages, options.target, problems)
  if (target === undefined || problems.hasErrors) return { kind: 'failed', diagnostics: diagnostics() }
  const resolution = resolveStages({ source, stages, globals: scope, options, facts, problems }, target)
  if (problems.hasErrors) return { kind: 'failed', diagnostics: diagnostics() }
  if (resolution.images.length > 0) return { kind: 'needs-images', images: resolution.images }
  if (resolution.triggers.length > 0) return { kind: 'needs-triggers', triggers: resolution.triggers }
  const lowered: Stage[] = lowerStages({ escape: escapeCharacter, globals: scope, options, facts }, resolution.stages)
  warnUnusedBuildArgs(parsed.instructions, resolution.stages, options, problems)
  const all = diagnostics()
  if (hasErrors(all)) return { kind: 'failed', diagnostics: all }
  const program = { stages: lowered, target: target.index, stageCount: stages.length, diagnostics: all }
  return { kind: 'program', program }
}
