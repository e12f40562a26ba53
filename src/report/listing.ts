import { sanitizeForTerminal } from '../base/index.ts'
import { compileTemplate, templateFields } from './go-template.ts'
import { renderTable } from './table.ts'

/** A column of a listing: the field's name in templates and JSON, and its heading. */
export interface Column {
  readonly field: string
  readonly heading: string
}

/** A row as all formats show it: texts by field name. */
export type ListingRow = Readonly<Record<string, string>>

/**
 * A listing as docker prints it: `columns` as a table when no format is given; `json` is one object a line; `table TEMPLATE` is
 * a table with the template's columns; any other format is a template filled once a row. `all` names every field there
 * is, with its heading. Throws `ToolError` `usage` for a template that cannot be read.
 */
export function renderListing(
  all: readonly Column[],
  columns: readonly string[],
  rows: readonly ListingRow[],
  format: string | undefined,
): string {
  if (format === 'json') return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  const headings = Object.fromEntries(all.map(({ field, heading }) => [field, heading]))
  if (format === undefined || format === 'table') {
    const cells = rows.map((row) => columns.map((field) => sanitizeForTerminal(row[field] ?? '')))
    return renderTable(
      columns.map((field) => headings[field] ?? field.toUpperCase()),
      cells,
    )
  }
  const isTable = format.startsWith('table ')
  const template = isTable ? format.slice('table '.length) : format
  const fill = compileTemplate(template)
  if (!isTable) return rows.map((row) => `${sanitizeForTerminal(fill(row))}\n`).join('')
  const heading = templateFields(template).reduce(
    (line, field) =>
      line.replace(new RegExp(`\\{\\{[^}]*\\.${field}[^}]*\\}\\}`), headings[field] ?? field.toUpperCase()),
    template.replaceAll('\\t', '\t'),
  )
  const cells = rows.map((row) => sanitizeForTerminal(fill(row)).split('\t'))
  return renderTable(heading.split('\t'), cells)
}
