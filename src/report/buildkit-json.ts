import type { LineRange } from './lint-findings.ts'

/** A place in BuildKit's JSON: `sourceIndex` is left out, as it is 0. */
export function locationJson(...lines: readonly LineRange[]): object {
  return { ranges: lines.map(({ start, end }) => ({ start: { line: start }, end: { line: end } })) }
}

/** A value as Go's `json.MarshalIndent` writes it with two blanks, and a line end. */
export function goJson(value: object): string {
  const escaped = JSON.stringify(value, null, 2).replace(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return `${escaped}\n`
}

/** Rows as Go's tabwriter aligns them: every cell but the last of a row is padded to its column and `gap` blanks. */
export function tabbed(rows: readonly (readonly string[])[], gap: number): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? 0, [...cell].length + gap)
    }
  }
  const padded = (cell: string, column: number, row: readonly string[]): string =>
    column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - [...cell].length)
  return rows.map((row) => `${row.map(padded).join('')}\n`).join('')
}
