import type { EscapeCharacter } from '../../grammar/index.ts'
import { replacing, type SourceFile } from '../base/index.ts'
import type { Directive } from './ast.ts'
import type { Problems } from './problems.ts'
import { sourceLine } from './source-line.ts'

const directivePattern = /^[ \t]*#[ \t]*([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*(\S.*?)[ \t]*$/

/** What the comments at the very top say, and the line (from 0) at which instructions may begin. */
export interface ReadDirectives {
  readonly directives: readonly Directive[]
  readonly escape: EscapeCharacter
  readonly nextLine: number
}

/**
 * Reads `# syntax=`, `# escape=` and `# check=`, after a byte order mark and a `#!` line. The first line that is
 * anything else ends them for good, so a directive below a plain comment is a comment. `syntax` never fetches code.
 */
export function readDirectives(source: SourceFile, problems: Problems): ReadDirectives {
  const directives: Directive[] = []
  let escapeCharacter: EscapeCharacter = '\\'
  let line = sourceLine(source, 0)?.text.startsWith('#!') ? 1 : 0
  for (; ; line++) {
    const at = sourceLine(source, line)
    const match = at === undefined ? null : directivePattern.exec(at.text)
    const name = match?.[1]?.toLowerCase()
    if (at === undefined || match === null || (name !== 'syntax' && name !== 'escape' && name !== 'check')) break
    const value = match[2] ?? ''
    const span = { start: at.start, end: at.start + at.text.length }
    const earlier = directives.find((directive) => directive.name === name)
    if (earlier !== undefined) {
      problems.error('duplicate-directive', `only one ${name} parser directive can be used`, span, {
        hint: 'remove one of them',
        fix: earlier.value === value ? replacing({ start: at.start, end: at.next }, '', 'remove this one') : undefined,
        related: [{ file: source.name, span: earlier.span, message: 'the first one' }],
      })
      continue
    }
    directives.push({ name, value, span })
    if (name !== 'escape') continue
    if (value === '\\' || value === '`') escapeCharacter = value
    else {
      const message = `invalid ESCAPE '${value}'. Must be ${'` or \\'}`
      const meant = escapeMeant(value)
      problems.error('invalid-escape-directive', message, span, {
        hint: 'write # escape=` or # escape=\\',
        fix: meant === undefined ? undefined : replacing(span, `# escape=${meant}`),
      })
    }
  }
  return { directives, escape: escapeCharacter, nextLine: line }
}

/** The escape character that is named, quoted or doubled. */
function escapeMeant(value: string): EscapeCharacter | undefined {
  const bare = value.replace(/^(["'])(.*)\1$/, '$2').toLowerCase()
  if (bare === '\\' || bare === '\\\\' || bare === 'backslash') return '\\'
  return bare === '`' || bare === 'backtick' ? '`' : undefined
}
