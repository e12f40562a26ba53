/** A half-open range of UTF-16 offsets into a source text: `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** One-based line and column; columns count UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A text with a name, able to turn offsets into lines and columns. `name` is what messages print, e.g. `app/Dockerfile`. */
export interface SourceFile {
  readonly name: string
  readonly text: string
  /** Offset of the first character of each line. */
  readonly lineStarts: readonly number[]
}

/** Indexes the lines of `text` (`\n` or `\r\n`). */
export function sourceFile(name: string, text: string): SourceFile {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return { name, text, lineStarts }
}

/** Line and column of `offset`; past the end, the last position. A byte order mark takes no column, as in editors. */
export function positionAt(source: SourceFile, offset: number): Position {
  const { lineStarts } = source
  let low = 0
  let high = lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  const mark = low === 0 && source.text.startsWith('\ufeff') ? 1 : 0
  return { line: low + 1, column: Math.max(0, offset - (lineStarts[low] ?? 0) - mark) + 1 }
}

/** The text of one-based line `line` without byte order mark and line end; empty outside the file. */
export function lineText(source: SourceFile, line: number): string {
  const start = source.lineStarts[line - 1]
  if (start === undefined) return ''
  const end = source.lineStarts[line] ?? source.text.length + 1
  return source.text
    .slice(start, end - 1)
    .replace(/\r$/, '')
    .replace(start === 0 ? /^\ufeff/ : '', '')
}
