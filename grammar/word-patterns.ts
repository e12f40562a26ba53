import type { EscapeCharacter } from './escape.ts'

/** Inside a class: the blanks between words that no quotes hold together, Go's `\s`. */
export const blanks = ' \\t\\n\\v\\f\\r'

/** Inside a class: the blanks around lines and between words that quotes can hold together, Go's `unicode.IsSpace`. */
export const spaces = `${blanks}\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000`

const trailingSpaces = new RegExp(`(?<![${spaces}])[${spaces}]+$`)

const space = new RegExp(`[${spaces}]`)

/** Whether a UTF-16 unit is one of `spaces`. Loops over every character of a file ask this. */
export function isSpace(code: number): boolean {
  if (code <= 0x7f) return code === 0x20 || (code >= 0x09 && code <= 0x0d)
  return space.test(String.fromCharCode(code))
}

/** Without the spaces at the end; a byte order mark is none, other than for JavaScript. */
export function trimSpacesEnd(text: string): string {
  return text.replace(trailingSpaces, '')
}

/** A word in which quotes and escapes hold blanks together; what is not closed runs to the end. For flag `s`. */
export function quotedWord(escapeCharacter: EscapeCharacter): string {
  const e = escapeCharacter === '\\' ? '\\\\' : '`'
  return `(?:'[^']*'?|"(?:${e}.|[^"${e}])*"?|${e}.?|[^${spaces}'"${e}])+`
}
