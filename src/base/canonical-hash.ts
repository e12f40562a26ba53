import { createHash, type Hash } from 'node:crypto'
import { compareCodeUnits } from './text.ts'

/** Plain data that can be hashed canonically. Object keys whose value is undefined count as absent. */
export type Canonical =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Canonical[]
  | { readonly [key: string]: Canonical | undefined }

function frame(hash: Hash, tag: string, body: string | Uint8Array): void {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
  hash.update(`${tag}${bytes.byteLength}:`)
  hash.update(bytes)
}

function feed(hash: Hash, value: Canonical): void {
  if (value === null) hash.update('n;')
  else if (typeof value === 'boolean') hash.update(value ? 't;' : 'f;')
  else if (typeof value === 'number') frame(hash, 'i', String(value))
  else if (typeof value === 'string') frame(hash, 's', value)
  else if (value instanceof Uint8Array) frame(hash, 'b', value)
  else if (isList(value)) {
    hash.update(`l${value.length}:`)
    for (const item of value) feed(hash, item)
  } else {
    const keys = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort(compareCodeUnits)
    hash.update(`m${keys.length}:`)
    for (const key of keys) {
      frame(hash, 's', key)
      feed(hash, value[key] ?? null)
    }
  }
}

function isList(value: Canonical): value is readonly Canonical[] {
  return Array.isArray(value)
}

/**
 * sha256 (hex) over a typed, length-framed encoding of `value`, so that no two values share an encoding (security 55).
 * `domain` names what is hashed and its version, e.g. `longshore.step/1`.
 */
export function canonicalHash(domain: string, value: Canonical): string {
  const hash = createHash('sha256')
  frame(hash, 'd', domain)
  feed(hash, value)
  return hash.digest('hex')
}
