import { isSpace } from '../../grammar/word-patterns.ts'

/** Offset of the first character from `start` on that is no space, as Go's `unicode.IsSpace` has it; `end` when there is none before it. */
export function skipSpaces(text: string, start: number, end: number): number {
  let at = start
  while (at < end && isSpace(text.charCodeAt(at))) at++
  return at
}

/** Offset of the first blank, as Go's `\s` has it, from `start` on; `end` when there is none before it. */
export function skipWord(text: string, start: number, end: number): number {
  let at = start
  while (at < end && !isBlank(text.charCodeAt(at))) at++
  return at
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}
