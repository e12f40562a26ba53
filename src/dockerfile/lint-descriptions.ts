import type { Instruction } from './ast.ts'
import { allCommentsAbove } from './comments-above.ts'
import type { LintInput } from './lint-input.ts'
import type { Problems } from './problems.ts'

/** InvalidDefinitionDescription: the last comment above a named stage or an ARG does not begin with a name it defines. */
export function lintDescriptions(input: LintInput, problems: Problems): void {
  for (const [instruction, comments] of allCommentsAbove(input.source, input)) {
    const comment = comments.at(-1)
    const names = definedNames(instruction)
    const [example] = names
    if (comment === undefined || example === undefined || names.includes(comment.split(' ', 1)[0] ?? '')) continue
    const keyword = instruction.kind.toUpperCase()
    const shown = names.length > 1 ? '<arg_key>' : example
    const message = `Comment for ${keyword} should follow the format: \`# ${shown} <description>\``
    problems.warning('invalid-definition-description', message, instruction.span, {
      hint: 'if it is no description, put a blank line below the comment',
    })
  }
}

function definedNames(instruction: Instruction): string[] {
  if (instruction.kind === 'from')
    return instruction.alias === undefined ? [] : [instruction.alias.name.text.toLowerCase()]
  return instruction.kind === 'arg' ? instruction.assignments.map(({ name }) => name.text) : []
}
