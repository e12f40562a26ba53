/** A value of the language: HCL's null, bool, number, string, list (sets and tuples too) and map (objects too). */
export type Value = null | boolean | number | string | ValueList | ValueMap

export type ValueList = readonly Value[]

/** Keys in the order in which they were written. */
export type ValueMap = ReadonlyMap<string, Value>

export function isList(value: Value): value is ValueList {
  return Array.isArray(value)
}

export function isMap(value: Value): value is ValueMap {
  return value instanceof Map
}

/** The kind of a value as messages call it: `a string`, `a list`. */
export function kindOf(value: Value): string {
  if (value === null) return 'null'
  if (isList(value)) return 'a list'
  if (isMap(value)) return 'a map'
  return typeof value === 'boolean' ? 'a bool' : typeof value === 'number' ? 'a number' : 'a string'
}

/** A value as messages quote it, cut off after 60 characters. */
export function quoted(value: Value): string {
  const text = JSON.stringify(plainValue(value))
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

/** The value as JSON knows it. Keys of maps in code-unit order, as HCL's `jsonencode` has them. */
export function plainValue(value: Value): unknown {
  if (isList(value)) return value.map(plainValue)
  if (!isMap(value)) return value
  return Object.fromEntries(sortedEntries(value).map(([key, item]) => [key, plainValue(item)]))
}

/** The value that a JSON document means. */
export function valueOfJson(json: unknown): Value {
  if (json === null || typeof json === 'boolean' || typeof json === 'number' || typeof json === 'string') return json
  if (Array.isArray(json)) return json.map(valueOfJson)
  if (typeof json === 'object') return new Map(Object.entries(json).map(([key, item]) => [key, valueOfJson(item)]))
  return null
}

/** HCL iterates maps by key, in code-unit order. */
export function sortedEntries(map: ValueMap): readonly (readonly [string, Value])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** Same type and same content; the order of a map's keys does not count. */
export function sameValue(a: Value, b: Value): boolean {
  if (isList(a) && isList(b)) {
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index] ?? null))
  }
  if (isMap(a) && isMap(b)) {
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && sameValue(item, b.get(key) ?? null))
  }
  return a === b
}

/** A primitive as a string, as HCL converts it; undefined for null, lists and maps. */
export function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(value)
  return typeof value === 'boolean' ? String(value) : undefined
}

/** Without an exponent, as HCL writes numbers. */
export function numberText(value: number): string {
  const text = String(value)
  const [, sign = '', digits = '', fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text) ?? []
  if (exponent === undefined) return text
  const shift = Number(exponent)
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${digits}${fraction}`
  return `${sign}${digits}${fraction.padEnd(shift, '0')}`
}

/** The number that a string means; undefined for one that means none. */
export function numberOf(text: string): number | undefined {
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined
}
