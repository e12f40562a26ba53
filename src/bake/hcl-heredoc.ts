import type { TemplateExpression } from './hcl-ast.ts'
import type { Cursor } from './hcl-cursor.ts'
import { type ReadExpression, readTemplate } from './hcl-template.ts'
import { syntaxProblem } from './problem.ts'

const opening = /<<(-?)([\p{ID_Start}_][\p{ID_Continue}-]*)\r?\n/uy

/** Whether a heredoc opens here. */
export function opensHeredoc(cursor: Cursor): boolean {
  return cursor.text.startsWith('<<', cursor.at)
}

/** Reads `<<NAME` up to the line that is NAME; of `<<-NAME` the indentation that all lines share is cut. */
export function readHeredoc(cursor: Cursor, read: ReadExpression): TemplateExpression {
  const start = cursor.at
  const opened = cursor.match(opening)
  if (opened === undefined) {
    cursor.at += 2
    throw cursor.unexpected(
      'the name of a heredoc and the end of the line',
      'write <<EOT, the text below, and EOT on a line of its own',
    )
  }
  const name = opened.replace(/^<<-?/, '').trim()
  const end = closingLine(cursor, name)
  if (end === undefined) {
    throw syntaxProblem(
      cursor.place(start, start + opened.trimEnd().length),
      `the heredoc that begins here has no end`,
      `write ${name} on a line of its own`,
    )
  }
  const inner = cursor.within(cursor.at, end.start)
  const template = readTemplate(inner, opened.startsWith('<<-') ? 'indented' : 'raw', read)
  cursor.at = end.end
  return { ...template, place: cursor.place(start) }
}

/** The line that closes, blanks around its name allowed; `end` is before its line end. */
function closingLine(cursor: Cursor, name: string): { readonly start: number; readonly end: number } | undefined {
  const { text, end: last } = cursor
  for (let start = cursor.at; start < last; ) {
    const lineEnd = text.indexOf('\n', start)
    const end = lineEnd < 0 ? last : lineEnd
    const line = text.slice(start, end)
    if (line.trim() === name) return { start, end: start + line.trimEnd().length }
    start = end + 1
  }
  return undefined
}
