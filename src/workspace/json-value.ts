/** `parse`, which does not do again what it did last: all images of a build have one lock file. */
export function rememberingLast<T>(parse: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly value: T } | undefined
  return (text) => {
    if (last?.text !== text) last = { text, value: parse(text) }
    return last.value
  }
}

/** An object of JSON or YAML. */
export type Table = { readonly [name: string]: unknown }

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The table of that name, or an empty one. */
export function tableOf(table: Table, name: string): Table {
  const value = table[name]
  return isTable(value) ? value : {}
}

/** The texts of a table of that name; what is no text is left out. */
export function textsOf(table: Table, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tableOf(table, name)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/** The text of that name. */
export function textOf(table: Table, name: string): string | undefined {
  const value = table[name]
  return typeof value === 'string' ? value : undefined
}

/** Parses JSON that is an object; undefined for anything else. */
export function parseTable(text: string): Table | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    return isTable(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
