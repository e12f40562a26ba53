import { type SourceFile, ToolError } from '../base/index.ts'
import type { ArgInstruction, FromInstruction } from '../dockerfile/index.ts'
import { Problems } from '../dockerfile/index.ts'
import { parsePlatform } from '../oci/index.ts'
import { expandIn, type ReportUnset } from './expand-in-site.ts'
import { type GlobalScope, globalScope } from './global-scope.ts'
import { referenceProblem } from './image-reference.ts'
import { InstructionSite } from './instruction-site.ts'
import { findStage, type SourceStage } from './split-stages.ts'
import type { ProgramOptions } from './types.ts'

/** What the rules about FROM look at. */
export interface FromLintInput {
  readonly source: SourceFile
  readonly globalArgs: readonly ArgInstruction[]
  readonly stages: readonly SourceStage[]
  readonly globals: GlobalScope
  readonly options: ProgramOptions
  readonly problems: Problems
}

/**
 * UndefinedArgInFrom, RedundantTargetPlatform, FromPlatformFlagConstDisallowed and InvalidDefaultArgInFrom, for every
 * stage, needed or not, as BuildKit has it. What cannot be expanded is left to those who need it.
 */
export function lintFroms(input: FromLintInput): void {
  const { source, stages, globals, problems } = input
  for (const stage of stages) {
    const { from } = stage
    const site = new InstructionSite(source, from, problems)
    const report = reportUndeclared(site)
    expandIn(site, from.image, globals, { report, errors: 'ignored' })
    const flag = from.flags.find(({ name }) => name === 'platform')
    if (flag === undefined) continue
    const word = { text: flag.value, span: flag.valueSpan }
    const platform = expandIn(site, word, globals, { report, errors: 'ignored' })
    if (platform === undefined) continue
    if (flag.value.includes('$')) lintRedundant(input, site, flag, platform)
    else lintConstant(input, site, stage, flag)
  }
  lintDefaults(input)
}

type PlatformFlag = FromInstruction['flags'][number]

function lintRedundant(
  { source, globals }: FromLintInput,
  site: InstructionSite,
  flag: PlatformFlag,
  platform: string,
) {
  const [name, ...others] = [...flag.value.matchAll(/\$\{?(\w+)/g)].map((match) => match[1])
  if (name !== 'TARGETPLATFORM' || others.length > 0 || platform !== globals.lookup(name)) return
  const message = `Setting platform to predefined ${flag.value} in FROM is redundant as this is the default behavior`
  const blanks = /^[ \t]*/.exec(source.text.slice(flag.span.end))?.[0].length ?? 0
  const span = { start: flag.span.start, end: flag.span.end + blanks }
  site.warning('redundant-target-platform', message, flag.span, {
    hint: 'leave the flag out',
    fix: { title: 'remove --platform', edits: [{ span, text: '' }] },
  })
}

/** A stage named after its platform is meant to have just that one. */
function lintConstant({ options }: FromLintInput, site: InstructionSite, stage: SourceStage, flag: PlatformFlag): void {
  try {
    const { os, architecture } = parsePlatform(flag.value, options.targetPlatform)
    const name = stage.name ?? ''
    if (flag.value === '' || name.includes(os) || name.includes(architecture)) return
  } catch (error) {
    // Whoever builds the stage reports it.
    if (error instanceof ToolError) return
    throw error
  }
  const message = `FROM --platform flag should not use constant value "${flag.value}"`
  site.warning('from-platform-flag-const-disallowed', message, flag.span, {
    hint: 'write $BUILDPLATFORM, choose by build --platform, or put the platform into the name of the stage',
  })
}

/** Expands the images of FROM once more as if no build argument was given. */
function lintDefaults({ source, globalArgs, stages, globals, options, problems }: FromLintInput): void {
  const variable = stages.filter(({ from }) => from.image.text.includes('$'))
  if (variable.length === 0) return
  const quiet = new Problems(source.name)
  const defaults = globalScope(source, globalArgs, globals.escape, { ...options, buildArgs: {} }, quiet)
  for (const { from, index } of variable) {
    const image = expandIn(new InstructionSite(source, from, quiet), from.image, defaults)
    if (quiet.hasErrors) return
    if (image === undefined || referenceProblem(image) === undefined || findStage(stages, image, index) !== undefined)
      continue
    const message = `Default value for ARG ${from.image.text} results in empty or invalid base image name`
    problems.warning('invalid-default-arg-in-from', message, from.image.span, {
      hint: 'give its ARGs defaults that name an image, so that a build without arguments works',
    })
  }
}

function reportUndeclared(site: InstructionSite): ReportUnset {
  return ({ name }, span, guess) => {
    const also = guess === undefined ? '' : ` (did you mean ${guess}?)`
    site.warning('undefined-arg-in-from', `FROM argument '${name}' is not declared${also}`, span, {
      hint: `put ARG ${name} in front of the first FROM; ARGs inside stages do not count here`,
    })
  }
}
