/** Whether a UTF-16 unit is a blank, as `\s` and `trim` have it. Loops over every character of a file ask this. */
export function isBlank(code: number): boolean {
  if (code <= 0x7f) return code === 0x20 || (code >= 0x09 && code <= 0x0d)
  return /\s/.test(String.fromCharCode(code))
}

/** Offset of the first character from `start` on that is no blank; `end` when there is none before it. */
export function skipBlanks(text: string, start: number, end: number): number {
  let at = start
  while (at < end && isBlank(text.charCodeAt(at))) at++
  return at
}

/** Offset of the first blank from `start` on; `end` when there is none before it. */
export function skipWord(text: string, start: number, end: number): number {
  let at = start
  while (at < end && !isBlank(text.charCodeAt(at))) at++
  return at
}
