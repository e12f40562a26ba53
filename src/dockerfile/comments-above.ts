import { positionAt, type SourceFile, type Span } from '../base/index.ts'
import type { Instruction, ParsedDockerfile } from './ast.ts'
import { sourceLine } from './source-line.ts'

/**
 * The comment lines directly above an instruction, top first, without `#` and blanks around. A blank line ends them;
 * directives are none, and what a heredoc above holds is not looked at. `floor` is where the instruction before ends.
 */
export function commentsAbove(source: SourceFile, instruction: { readonly span: Span }, floor: number): string[] {
  const comments: string[] = []
  for (let index = positionAt(source, instruction.span.start).line - 2; index >= 0; index--) {
    const line = sourceLine(source, index)
    const text = line?.text.trim() ?? ''
    if (line === undefined || line.start < floor || !text.startsWith('#')) break
    comments.unshift(text.slice(1).trim())
  }
  return comments
}

/** As `commentsAbove`, for each instruction of a file. */
export function allCommentsAbove(
  source: SourceFile,
  { directives, instructions }: Pick<ParsedDockerfile, 'directives' | 'instructions'>,
): Map<Instruction, readonly string[]> {
  const found = new Map<Instruction, readonly string[]>()
  let floor = Math.max(0, ...directives.map((directive) => directive.span.end))
  for (const instruction of instructions) {
    found.set(instruction, commentsAbove(source, instruction, floor))
    floor = instruction.span.end
  }
  return found
}

/** What `# NAME description` among the comments of a stage or argument says; undefined when nothing does. */
export function describedBy(comments: readonly string[], name: string): string | undefined {
  return comments.find((comment) => comment.startsWith(`${name} `))?.slice(name.length + 1)
}
