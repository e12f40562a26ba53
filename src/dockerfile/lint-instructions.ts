import type { RelatedPlace } from '../base/index.ts'
import type { FromInstruction, Instruction } from './ast.ts'
import type { Problems } from './problems.ts'
import type { LogicalLine } from './scan-lines.ts'

/** Runs the rules that need nothing but the text: phase `parse` of the table in grammar/. */
export function lintInstructions(
  lines: readonly LogicalLine[],
  instructions: readonly Instruction[],
  problems: Problems,
): void {
  for (const line of lines) lintContinuations(line, problems)
  for (const instruction of instructions) lintOne(instruction, problems)
  lintStageNames(instructions, problems)
  lintRepeated(instructions, problems)
}

function lintContinuations(line: LogicalLine, problems: Problems): void {
  const [first] = line.emptyContinuations
  if (first === undefined) return
  problems.warning('no-empty-continuation', 'Empty continuation line', first, {
    hint: 'remove the blank line, or put a # on it',
  })
}

function lintOne(instruction: Instruction, problems: Problems): void {
  switch (instruction.kind) {
    case 'from':
      lintFrom(instruction, problems)
      return
    case 'maintainer': {
      const message = 'Maintainer instruction is deprecated in favor of using label'
      const label = `LABEL org.opencontainers.image.authors=${JSON.stringify(instruction.author.text)}`
      problems.warning('maintainer-deprecated', message, instruction.span, {
        hint: `write ${label}`,
        fix: { title: 'use a label', edits: [{ span: instruction.span, text: label }] },
      })
      return
    }
    case 'env':
    case 'label': {
      const [pair] = instruction.pairs
      if (!instruction.legacy || pair === undefined) return
      const keyword = instruction.kind.toUpperCase()
      const message = `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`
      const plain = /^[\w./:@%+,-]+$/.test(pair.value.text)
      const text = plain ? `${pair.name.text}=${pair.value.text}` : undefined
      problems.warning('legacy-key-value-format', message, instruction.span, {
        hint: `write ${keyword} ${text ?? `${pair.name.text}="…"`}`,
        fix: text === undefined ? undefined : { title: 'write name=value', edits: [{ span: pair.span, text }] },
      })
      return
    }
    default:
  }
}

function lintFrom(from: FromInstruction, problems: Problems): void {
  if (from.alias === undefined) return
  const { as, name } = from.alias
  const lower = name.text.toLowerCase()
  if (name.text !== lower) {
    problems.warning('stage-name-casing', `Stage name '${name.text}' should be lowercase`, name.span, {
      hint: `write ${lower}; references find it in any case`,
      fix: { title: `write ${lower}`, edits: [{ span: name.span, text: lower }] },
    })
  }
  const keyword = from.keyword.text
  const casing = keyword === keyword.toLowerCase() ? 'as' : 'AS'
  if (as.text === casing) return
  const message = `'${as.text}' and '${keyword}' keywords' casing do not match`
  const fix = { title: `write ${casing}`, edits: [{ span: as.span, text: casing }] }
  problems.warning('from-as-casing', message, as.span, { hint: `write ${casing}`, fix })
}

function lintStageNames(instructions: readonly Instruction[], problems: Problems): void {
  const seen = new Map<string, RelatedPlace>()
  for (const instruction of instructions) {
    if (instruction.kind !== 'from' || instruction.alias === undefined) continue
    const { span, text } = instruction.alias.name
    const name = text.toLowerCase()
    const earlier = seen.get(name)
    if (earlier !== undefined) {
      const message = `Duplicate stage name "${name}", stage names should be unique`
      const hint = 'later references mean the last one; rename one of them'
      problems.warning('duplicate-stage-name', message, span, { hint, related: [earlier] })
    }
    seen.set(name, { file: problems.file, span, message: 'also here' })
  }
}

/** A stage keeps the last CMD, ENTRYPOINT and HEALTHCHECK alone: the earlier ones are flagged. */
function lintRepeated(instructions: readonly Instruction[], problems: Problems): void {
  const last = new Map<string, Instruction>()
  for (const instruction of instructions) {
    const { kind } = instruction
    if (kind === 'from') last.clear()
    if (kind !== 'cmd' && kind !== 'entrypoint' && kind !== 'healthcheck') continue
    const earlier = last.get(kind)
    if (earlier !== undefined) {
      const message = `Multiple ${kind.toUpperCase()} instructions should not be used in the same stage because only the last one will be used`
      const related = [{ file: problems.file, span: instruction.span, message: 'this one is used' }]
      problems.warning('multiple-instructions-disallowed', message, earlier.span, { hint: 'remove this one', related })
    }
    last.set(kind, instruction)
  }
}
