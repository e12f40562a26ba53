import { nearest, type SourceFile, type Span } from '../base/index.ts'
import type { Instruction, WorkspaceDirective } from './ast.ts'
import type { Problems } from './problems.ts'

const code = 'invalid-workspace-directive'
const form = 'write # longshore:workspace PACKAGE… on a line of its own above FROM, COPY or ADD'

/**
 * Gives each instruction the `# longshore:workspace` of the comments above it. Other builders take it for a comment, so one
 * that means nothing is an error: nobody would notice. `floor` is where the first comments may begin.
 */
export function withWorkspaces(
  source: SourceFile,
  instructions: readonly Instruction[],
  floor: number,
  problems: Problems,
): readonly Instruction[] {
  if (!/^[ \t]*#[ \t]*longshore:/m.test(source.text)) return instructions
  let end = floor
  const read = instructions.map((instruction) => {
    const found = directivesBetween(source, end, instruction.span.start, problems)
    end = instruction.span.end
    return found.reduce((one, directive) => attach(one, directive, problems), instruction)
  })
  for (const { span } of directivesBetween(source, end, source.text.length, problems))
    problems.error(code, 'no instruction follows this directive', span, { hint: form })
  return read
}

function attach(instruction: Instruction, directive: WorkspaceDirective, problems: Problems): Instruction {
  const { span } = directive
  if (instruction.kind !== 'from' && instruction.kind !== 'copy' && instruction.kind !== 'add') {
    const message = `this directive stands above ${instruction.kind.toUpperCase()}, which takes no files of the build context`
    problems.error(code, message, span, { hint: form })
    return instruction
  }
  if (instruction.workspace === undefined) return { ...instruction, workspace: directive }
  problems.error(code, 'two directives about one instruction', span, {
    hint: 'name all packages in one',
    related: [{ file: problems.file, span: instruction.workspace.span, message: 'the other one' }],
  })
  return instruction
}

/** The directives among the comments between two places. */
function directivesBetween(
  source: SourceFile,
  start: number,
  end: number,
  problems: Problems,
): readonly WorkspaceDirective[] {
  const found: WorkspaceDirective[] = []
  for (const match of source.text.slice(start, end).matchAll(/^([ \t]*)#[ \t]*longshore:(\S*)([^\r\n]*)/gm)) {
    const [whole, indent = '', name = '', rest = ''] = match
    // A comment begins its line: what is left of the instruction above does not.
    const at = start + match.index
    if (at > 0 && source.text[at - 1] !== '\n') continue
    const span = { start: at + indent.length, end: at + whole.trimEnd().length }
    const words = wordsOf(rest, at + whole.length - rest.length)
    if (name !== 'workspace') reportUnknown(name, span, problems)
    else if (words.length > 0) found.push({ words, span })
    else problems.error(code, 'this directive names no package', span, { hint: form })
  }
  return found
}

function wordsOf(text: string, offset: number): WorkspaceDirective['words'] {
  return [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => ({
    text: word,
    span: { start: offset + index, end: offset + index + word.length },
  }))
}

function reportUnknown(name: string, span: Span, problems: Problems): void {
  const hint = nearest(name, ['workspace']) === undefined ? form : 'did you mean longshore:workspace?'
  problems.error(code, `there is no directive "longshore:${name}"`, span, { hint })
}
