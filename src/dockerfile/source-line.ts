import type { SourceFile } from '../base/index.ts'

/** One line of a source: its text without line end, where it starts, and where the next one does. */
export interface SourceLine {
  readonly text: string
  readonly start: number
  readonly next: number
}

/** Line `index` from 0, without byte order mark and line end (every `\r` before the `\n` goes); undefined past the end. */
export function sourceLine(source: SourceFile, index: number): SourceLine | undefined {
  const start = lineStart(source, index)
  if (start === undefined) return undefined
  const end = lineEnd(source, index, start)
  return { text: source.text.slice(start, end), start, next: source.lineStarts[index + 1] ?? source.text.length }
}

/** Offset at which line `index` starts, behind a byte order mark; undefined past the end. */
export function lineStart({ lineStarts, text }: SourceFile, index: number): number | undefined {
  const start = lineStarts[index]
  if (start === undefined || (start >= text.length && index > 0)) return undefined
  return index === 0 && text.charCodeAt(0) === 0xfeff ? 1 : start
}

/** Offset at which the line `index` that starts at `start` ends: in front of its line end. */
export function lineEnd({ lineStarts, text }: SourceFile, index: number, start: number): number {
  let end = lineStarts[index + 1] ?? text.length
  while (end > start && isLineEnd(text.charCodeAt(end - 1))) end--
  return end
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d
}
