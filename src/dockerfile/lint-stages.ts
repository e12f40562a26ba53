import type { RelatedPlace } from '../base/index.ts'
import type { Instruction, UserInstruction } from './ast.ts'
import type { Problems } from './problems.ts'

const reserved = ['context', 'scratch']

/** Rules about stages as a whole: their names, what repeats in them, and their last USER. */
export function lintStages(instructions: readonly Instruction[], problems: Problems): void {
  lintNames(instructions, problems)
  lintRepeated(instructions, problems)
  lintLastUser(instructions, problems)
}

function lintNames(instructions: readonly Instruction[], problems: Problems): void {
  const seen = new Map<string, RelatedPlace>()
  for (const instruction of instructions) {
    if (instruction.kind !== 'from' || instruction.alias === undefined) continue
    const { span, text } = instruction.alias.name
    const name = text.toLowerCase()
    if (reserved.includes(name)) {
      const message = `Stage name should not use the same name as reserved stage "${name}"`
      problems.warning('reserved-stage-name', message, span, { hint: 'give the stage another name' })
    }
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
    const { kind, keyword } = instruction
    if (kind === 'from') last.clear()
    if (kind !== 'cmd' && kind !== 'entrypoint' && kind !== 'healthcheck') continue
    const earlier = last.get(kind)
    if (earlier !== undefined) {
      const message = `Multiple ${keyword.text} instructions should not be used in the same stage because only the last one will be used`
      const related = [{ file: problems.file, span: instruction.span, message: 'this one is used' }]
      problems.warning('multiple-instructions-disallowed', message, earlier.span, { hint: 'remove this one', related })
    }
    last.set(kind, instruction)
  }
}

/** LastUserRoot: the last stage goes back to root and stays there. */
function lintLastUser(instructions: readonly Instruction[], problems: Problems): void {
  const stage = instructions.slice(instructions.findLastIndex(({ kind }) => kind === 'from'))
  const last = stage.findLast((instruction): instruction is UserInstruction => instruction.kind === 'user')
  if (last === undefined || !/^(?:root|0)(?::|$)/.test(last.user.text)) return
  problems.warning('last-user-root', `the last USER of the image is ${last.user.text}`, last.user.span, {
    hint: 'what runs in a container needs root seldom: end with USER and a name or number of its own',
  })
}
