/** Reading untrusted JSON in the tests: each function names the place when the value is not of the expected kind. */

export type JsonObject = Readonly<Record<string, unknown>>

/** True for a JSON object, not for an array or null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `value` as an object; throws naming `where`. */
export function asObject(value: unknown, where: string): JsonObject {
  if (isObject(value)) return value
  throw new Error(`${where}: expected an object, found ${JSON.stringify(value)}`)
}

/** `value` as a list; absent and null count as empty. */
export function asList(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  throw new Error(`${where}: expected a list, found ${JSON.stringify(value)}`)
}

/** `value` as text; throws naming `where`. */
export function asText(value: unknown, where: string): string {
  if (typeof value === 'string') return value
  throw new Error(`${where}: expected text, found ${JSON.stringify(value)}`)
}

/** An object whose values are all text; absent counts as empty. */
export function asTextMap(value: unknown, where: string): Readonly<Record<string, string>> {
  if (value === undefined) return {}
  const entries = Object.entries(asObject(value, where))
  return Object.fromEntries(entries.map(([key, item]) => [key, asText(item, `${where}.${key}`)]))
}

/** The text of an optional member, or undefined. */
export function optionalText(object: JsonObject, key: string, where: string): string | undefined {
  const value = object[key]
  return value === undefined ? undefined : asText(value, `${where}.${key}`)
}

/** The number of an optional member, or undefined. */
export function optionalNumber(object: JsonObject, key: string, where: string): number | undefined {
  const value = object[key]
  if (value === undefined || typeof value === 'number') return value
  throw new Error(`${where}.${key}: expected a number, found ${JSON.stringify(value)}`)
}
