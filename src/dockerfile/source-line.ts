import type { SourceFile } from '../base/index.ts'

/** One line of a source: its text without line end, where it starts, and where the next one does. */
export interface SourceLine {
  readonly text: string
  readonly start: number
  readonly next: number
}

/** Line `index` from 0, without byte order mark and line end (every `\r` before the `\n` goes); undefined past the end. */
export function sourceLine(source: SourceFile, index: number): SourceLine | undefined {
  const lineStart = source.lineStarts[index]
  if (lineStart === undefined || (lineStart >= source.text.length && index > 0)) return undefined
  const start = index === 0 && source.text.startsWith('\ufeff') ? 1 : lineStart
  const next = source.lineStarts[index + 1] ?? source.text.length
  let end = next
  while (end > start && (source.text[end - 1] === '\n' || source.text[end - 1] === '\r')) end--
  return { text: source.text.slice(start, end), start, next }
}
