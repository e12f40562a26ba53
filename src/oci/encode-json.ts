import { compareCodeUnits } from '../base/index.ts'

/**
 * Writers of JSON text in a fixed key order, byte for byte as Go's encoding/json writes it (`<`, `>`, `&` escaped), so
 * that equal images have equal digests whichever tool wrote them. Each returns JSON text, or undefined for "leave out".
 */
export type JsonText = string

/** The bytes of a document. */
export function jsonBytes(json: JsonText): Uint8Array {
  return new TextEncoder().encode(json)
}

/** A string; undefined and the empty string are left out (Go's omitempty). */
export function optionalText(value: string | undefined): JsonText | undefined {
  return value === undefined || value === '' ? undefined : textJson(value)
}

export function textJson(value: string): JsonText {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export function numberJson(value: number): JsonText {
  return String(value)
}

/** A number; undefined and 0 are left out. */
export function optionalNumber(value: number | undefined): JsonText | undefined {
  return value === undefined || value === 0 ? undefined : numberJson(value)
}

/** `true`, or left out. */
export function optionalFlag(value: boolean | undefined): JsonText | undefined {
  return value === true ? 'true' : undefined
}

export function listJson(items: readonly JsonText[]): JsonText {
  return `[${items.join(',')}]`
}

/** A list of strings; left out when empty. */
export function optionalList(items: readonly string[] | undefined): JsonText | undefined {
  return items === undefined || items.length === 0 ? undefined : listJson(items.map(textJson))
}

/** An object with its keys in the order given; a field without text is left out. */
export function objectJson(fields: readonly (readonly [key: string, value: JsonText | undefined])[]): JsonText {
  const kept = fields.flatMap(([key, value]) => (value === undefined ? [] : [`${textJson(key)}:${value}`]))
  return `{${kept.join(',')}}`
}

/** A string map with sorted keys; left out when empty. Not a JS object on the way: those put number-like keys first. */
export function optionalMap(map: Readonly<Record<string, string>> | undefined): JsonText | undefined {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => compareCodeUnits(a, b))
  return entries.length === 0 ? undefined : objectJson(entries.map(([key, value]) => [key, textJson(value)]))
}

/** A set as Go writes it, `{"80/tcp":{}}`, sorted and without repeats; left out when empty. */
export function optionalSet(items: readonly string[] | undefined): JsonText | undefined {
  const sorted = [...new Set(items)].sort(compareCodeUnits)
  return sorted.length === 0 ? undefined : objectJson(sorted.map((item) => [item, '{}']))
}
