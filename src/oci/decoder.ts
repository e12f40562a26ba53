import { type Digest, isDigest, ToolError } from '../base/index.ts'

/** Where a value stands: the document's name for messages (`image config`) and the JSON path (`$.config.Env[3]`). */
export interface Place {
  readonly document: string
  readonly path: string
  /** What the user can do when the document is wrong; images and registries are assumed when it is absent. */
  readonly hint?: string
}

/** Checks an untrusted value and returns it typed; throws `ToolError` `invalid-document` that names the JSON path. */
export type Decoder<T> = (value: unknown, place: Place) => T

/** Largest manifest, index or config read, in bytes (security 52). */
export const maxDocumentBytes = 4 * 1024 * 1024

/** The error for a value that is not what it should be. */
export function invalidDocument(place: Place, problem: string): ToolError {
  return new ToolError('invalid-document', `invalid ${place.document}: ${place.path} ${problem}`, {
    hint: place.hint ?? 'the image or its registry is broken; build or push the image again, or use another tag',
  })
}

function show(value: unknown): string {
  if (value === undefined) return 'is missing'
  if (Array.isArray(value)) return 'is a list'
  if (typeof value === 'object' && value !== null) return 'is an object'
  return `is ${JSON.stringify(value).slice(0, 80)}`
}

function refuse(value: unknown, place: Place, expected: string): never {
  throw invalidDocument(place, `${show(value)}, expected ${expected}`)
}

function below(place: Place, step: string): Place {
  return { ...place, path: place.path + step }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(bytes: Uint8Array, place: Place): unknown {
  if (bytes.byteLength > maxDocumentBytes) {
    throw invalidDocument(place, `has ${bytes.byteLength} bytes, more than the limit of ${maxDocumentBytes}`)
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    throw invalidDocument(place, `is not JSON (${error instanceof Error ? error.message.slice(0, 120) : 'unreadable'})`)
  }
}

/**
 * Parses `bytes` as UTF-8 JSON of at most 4 MiB and decodes the result; `document` names it in messages, `hint` is for
 * documents that do not come with an image.
 */
export function decodeJson<T>(bytes: Uint8Array, document: string, decoder: Decoder<T>, hint?: string): T {
  const place: Place = { document, path: '$', ...(hint === undefined ? {} : { hint }) }
  return decoder(parseJson(bytes, place), place)
}

export const text: Decoder<string> = (value, place) =>
  typeof value === 'string' ? value : refuse(value, place, 'a string')

export const flag: Decoder<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : refuse(value, place, 'true or false')

export const integer: Decoder<number> = (value, place) =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(value, place, 'a whole number')

/** A size or count: zero or more. */
export const count: Decoder<number> = (value, place) =>
  integer(value, place) >= 0 ? integer(value, place) : refuse(value, place, 'zero or more')

/** A sha256 digest, checked before it can enter a path or URL (security 50). */
export const digest: Decoder<Digest> = (value, place) => {
  const digestText = text(value, place)
  return isDigest(digestText) ? digestText : refuse(value, place, 'sha256: and 64 lower-case hexadecimal digits')
}

/** A list; `null` is read as the empty list, as Go writes it. */
export function listOf<T>(item: Decoder<T>): Decoder<readonly T[]> {
  return (value, place) => {
    if (value === null) return []
    if (!Array.isArray(value)) return refuse(value, place, 'a list')
    return value.map((element: unknown, index) => item(element, below(place, `[${index}]`)))
  }
}

/** An object used as a map with arbitrary keys. */
export function mapOf<T>(item: Decoder<T>): Decoder<Readonly<Record<string, T>>> {
  return (value, place) => {
    if (!isRecord(value)) return refuse(value, place, 'an object')
    const entries = Object.entries(value).map(
      ([key, element]) => [key, item(element, below(place, step(key)))] as const,
    )
    return Object.fromEntries(entries)
  }
}

function step(key: string): string {
  return /^[A-Za-z_][\w]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 80))}]`
}

/** The fields of an object. Keys it has besides those asked for are ignored, as the OCI image-spec wants. */
export interface Fields {
  /** True when the key is there and not null. */
  has(key: string): boolean
  required<T>(key: string, decoder: Decoder<T>): T
  /** Undefined when the key is absent or null. */
  optional<T>(key: string, decoder: Decoder<T>): T | undefined
}

/** Reads `value` as an object with known fields. */
export function fieldsOf(value: unknown, place: Place): Fields {
  if (!isRecord(value)) return refuse(value, place, 'an object')
  const own = (key: string): unknown => (Object.hasOwn(value, key) ? value[key] : undefined)
  return {
    has: (key) => own(key) !== undefined && own(key) !== null,
    required: (key, decoder) => decoder(own(key), below(place, step(key))),
    optional: (key, decoder) => {
      const found = own(key)
      return found === undefined || found === null ? undefined : decoder(found, below(place, step(key)))
    },
  }
}
