import { ToolError } from '../base/index.ts'

/** A value of the part of TOML that registries.conf uses. */
export type TomlValue = string | boolean | number | readonly TomlValue[] | TomlTable
export interface TomlTable {
  readonly [key: string]: TomlValue
}

type Table = { [key: string]: TomlValue | Table | Table[] }

/**
 * Reads TOML as configuration files of containers use it: tables, arrays of tables, strings in one line, booleans, integers,
 * arrays of these. Throws `ToolError` `invalid-document` with the line for anything else.
 */
export function parseToml(source: string, name: string): TomlTable {
  const root: Table = {}
  let current = root
  const lines = source.split(/\r?\n/)
  for (let index = 0; index < lines.length; index++) {
    const start = index
    let line = withoutComment(lines[index] ?? '').trim()
    if (line === '') continue
    const header = /^(\[\[?)\s*([\w.\s"-]+?)\s*(\]\]?)$/.exec(line)
    if (header !== null && header[1]?.length === header[3]?.length) {
      current = enter(root, (header[2] ?? '').split('.').map(bareKey), header[1] === '[[')
      continue
    }
    // An array may go on over several lines.
    while (/=\s*\[/.test(line) && !closes(line) && index + 1 < lines.length) {
      index++
      line += ` ${withoutComment(lines[index] ?? '').trim()}`
    }
    const pair = /^("[^"]*"|[\w.-]+)\s*=\s*(.+)$/.exec(line)
    const value = pair === null ? undefined : parseValue((pair[2] ?? '').trim())
    if (pair === null || value === undefined) {
      throw new ToolError('invalid-document', `${name}, line ${start + 1}: "${line.slice(0, 80)}" cannot be read`, {
        hint: 'expected [table], [[table]] or key = value, where a value is "text", true, false, a number or a list',
      })
    }
    current[bareKey(pair[1] ?? '')] = value
  }
  return frozen(root)
}

function bareKey(text: string): string {
  return text.trim().replace(/^"(.*)"$/, '$1')
}

function enter(root: Table, path: readonly string[], isArray: boolean): Table {
  let table = root
  for (const [depth, key] of path.entries()) {
    const last = depth === path.length - 1
    const known = table[key]
    if (last && isArray) {
      const made: Table = {}
      if (isTables(known)) known.push(made)
      else table[key] = [made]
      return made
    }
    const inside = isTables(known) ? known.at(-1) : isTable(known) ? known : undefined
    const next: Table = inside ?? {}
    if (inside === undefined) table[key] = next
    table = next
  }
  return table
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTables(value: unknown): value is Table[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable)
}

function frozen(table: Table): TomlTable {
  return Object.fromEntries(
    Object.entries(table).map(([key, value]): [string, TomlValue] => [
      key,
      isTables(value)
        ? value.map(frozen)
        : isTable(value)
          ? frozen(value)
          : Array.isArray(value)
            ? value.flatMap((one) => (isTable(one) ? [] : [one]))
            : value,
    ]),
  )
}

function withoutComment(line: string): string {
  const match = /^(?:[^"'#]|"(?:[^"\\]|\\.)*"|'[^']*')*/.exec(line)
  return match?.[0] ?? ''
}

function closes(line: string): boolean {
  const bare = line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '')
  return bare.split('[').length === bare.split(']').length
}

function parseValue(text: string): TomlValue | undefined {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^[+-]?\d+$/.test(text)) return Number(text)
  const basic = /^"((?:[^"\\]|\\.)*)"$/.exec(text)
  if (basic !== null) return (basic[1] ?? '').replace(/\\(["\\])/g, '$1')
  const literal = /^'([^']*)'$/.exec(text)
  if (literal !== null) return literal[1] ?? ''
  if (!text.startsWith('[') || !text.endsWith(']')) return undefined
  const items = text.slice(1, -1).match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^,\s]+/g) ?? []
  const values = items.map(parseValue)
  return values.some((value) => value === undefined)
    ? undefined
    : values.flatMap((value) => (value === undefined ? [] : [value]))
}
