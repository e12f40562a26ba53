import type { EscapeCharacter } from '../../grammar/index.ts'
import { type SourceFile, sourceFile } from '../base/index.ts'
import type { Instruction, ParsedDockerfile } from './ast.ts'
import type { LintInput } from './lint-input.ts'
import { lintInstructions } from './lint-instructions.ts'
import { parseInstruction } from './parse-instruction.ts'
import { Problems } from './problems.ts'
import { readDirectives } from './read-directives.ts'
import { withWorkspaces } from './read-workspaces.ts'
import { type LogicalLine, scanLogicalLines } from './scan-lines.ts'

/**
 * Parses a Dockerfile. Never throws on any text: each broken instruction gives one error in `diagnostics` and is left
 * out, and parsing goes on. Warnings of every rule that needs the text alone are in there too, wanted or
 * not: `chooseDiagnostics` picks. Diagnostics carry `source.name`.
 */
export function parseDockerfile(source: SourceFile): ParsedDockerfile {
  const problems = new Problems(source.name)
  const { lines, directives, escape: escapeCharacter, instructions } = readInstructions(source, problems)
  lintInstructions({ source, lines, directives, instructions }, problems)
  return { directives, escape: escapeCharacter, instructions, diagnostics: problems.all }
}

/** As `parseDockerfile`, without the lint rules: `diagnostics` has errors alone. */
export function readDockerfile(source: SourceFile): ParsedDockerfile {
  const problems = new Problems(source.name)
  const { directives, escape: escapeCharacter, instructions } = readInstructions(source, problems)
  return { directives, escape: escapeCharacter, instructions, diagnostics: problems.all }
}

/** Everything in a file that was read, and the lines it was read from. */
type ReadFile = Omit<ParsedDockerfile, 'diagnostics'> & Pick<LintInput, 'lines'>

function readInstructions(source: SourceFile, problems: Problems): ReadFile {
  const { directives, escape: escapeCharacter, nextLine } = readDirectives(source, problems)
  const lines = scanLogicalLines(source, nextLine, escapeCharacter, problems)
  const parsed = parseLines(lines, escapeCharacter, problems)
  const floor = Math.max(0, ...directives.map(({ span }) => span.end))
  const instructions = withWorkspaces(source, parsed, floor, problems)
  checkOrder(lines, instructions, problems)
  return { lines, directives, escape: escapeCharacter, instructions }
}

/**
 * Parses an ONBUILD trigger out of an image config. `sourceName` names it in diagnostics, e.g. `ONBUILD of alpine:3`.
 * The text is one instruction on one line; it may not be FROM, MAINTAINER or ONBUILD.
 */
export function parseTrigger(text: string, sourceName: string): ParsedDockerfile {
  const problems = new Problems(sourceName)
  const lines = scanLogicalLines(sourceFile(sourceName, `ONBUILD ${text}`), 0, '\\', problems)
  const instructions = parseLines(lines, '\\', problems).flatMap((instruction) =>
    instruction.kind === 'onbuild' ? instruction.trigger : [],
  )
  return { directives: [], escape: '\\', instructions, diagnostics: problems.all }
}

function parseLines(
  lines: readonly LogicalLine[],
  escapeCharacter: EscapeCharacter,
  problems: Problems,
): readonly Instruction[] {
  const instructions: Instruction[] = []
  let above: LogicalLine | undefined
  for (const line of lines) {
    const instruction = parseInstruction(line, escapeCharacter, problems, above)
    if (instruction !== undefined) instructions.push(instruction)
    above = line
  }
  return instructions
}

/** Only ARG may stand in front of the first FROM, and there has to be one. A line that failed to parse was reported already. */
function checkOrder(lines: readonly LogicalLine[], instructions: readonly Instruction[], problems: Problems): void {
  if (problems.hasErrors) return
  const first = instructions.find((instruction) => instruction.kind !== 'arg')
  if (first?.kind === 'from') return
  const hint = 'begin with FROM IMAGE, or FROM scratch'
  if (first !== undefined) {
    const from = instructions.find((instruction) => instruction.kind === 'from')
    problems.error('no-build-stage', `no build stage in current context: ${first.text}`, first.span, {
      hint: from === undefined ? hint : 'only ARG may stand in front of the first FROM: move this below it',
      related: from && [{ file: problems.file, span: from.span, message: 'the first FROM' }],
    })
  } else if (lines.length === 0) {
    problems.error('empty-dockerfile', 'the Dockerfile has no instructions', { start: 0, end: 0 }, { hint })
  } else {
    const end = instructions.at(-1)?.span.end ?? 0
    problems.error('no-build-stage', 'the Dockerfile has no stages to build', { start: end, end }, { hint })
  }
}
