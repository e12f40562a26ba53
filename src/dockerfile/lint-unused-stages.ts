import type { FromInstruction } from './ast.ts'
import { allCommentsAbove, describedBy } from './comments-above.ts'
import type { LintInput } from './lint-input.ts'
import type { Problems } from './problems.ts'
import { stageReferences } from './stage-references.ts'

/**
 * UnusedStage: a stage that is not the last, and named nowhere. With a variable in some FROM nobody can tell; a stage
 * with a comment `# NAME what it is for` is meant to be a target.
 */
export function lintUnusedStages(input: LintInput, problems: Problems): void {
  const { instructions } = input
  const froms = instructions.filter((instruction): instruction is FromInstruction => instruction.kind === 'from')
  const references = stageReferences(instructions).map(({ text }) => text.toLowerCase())
  if (froms.length < 2 || references.some((text) => text.includes('$'))) return
  const comments = allCommentsAbove(input.source, input)
  for (const [index, from] of froms.slice(0, -1).entries()) {
    const name = from.alias?.name.text.toLowerCase()
    if (references.includes(String(index)) || (name !== undefined && references.includes(name))) continue
    if (name !== undefined && describedBy(comments.get(from) ?? [], name) !== undefined) continue
    problems.warning('unused-stage', `no other stage uses stage "${name ?? index}"`, from.span, {
      hint:
        name === undefined
          ? 'remove it, or name it and use it'
          : `remove it; if --target=${name} builds it, say so above it: # ${name} what it is for`,
    })
  }
}
