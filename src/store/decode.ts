import { type Canonical, isDigest, parseContentDigest, parseDiffId, parseStepKey } from '../base/index.ts'
import type { Descriptor } from '../oci/types.ts'
import type { KeyComponents, Layer, SelectionRecord, StepRecord } from '../ports/index.ts'

/** An object of unknown fields. */
export type Fields = { readonly [name: string]: unknown }

/** True for an object that is no array. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Every item of a list decoded; undefined when it is no list or one is of another shape. */
export function all<T>(value: unknown, decode: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined
  const items: T[] = []
  for (const item of value) {
    const decoded = decode(item)
    if (decoded === undefined) return undefined
    items.push(decoded)
  }
  return items
}

/** True for the components of a key as JSON keeps them. */
export function isComponents(value: unknown): value is KeyComponents {
  return isFields(value) && Object.values(value).every(isCanonical)
}

function isCanonical(value: unknown): value is Canonical {
  if (value === null) return true
  if (typeof value === 'object') return Object.values(value).every(isCanonical)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** Decodes a step record file; undefined when a field is missing or of another shape. */
export function decodeStepRecord(value: unknown): StepRecord | undefined {
  if (!isFields(value)) return undefined
  const { key, components, text, diffId, contentDigest, durationMs, created, hasLog } = value
  if (typeof key !== 'string' || !isDigest(key) || !isComponents(components) || typeof text !== 'string')
    return undefined
  if (typeof diffId !== 'string' || !isDigest(diffId)) return undefined
  if (typeof contentDigest !== 'string' || !isDigest(contentDigest)) return undefined
  if (typeof durationMs !== 'number' || typeof created !== 'string' || typeof hasLog !== 'boolean') return undefined
  return {
    key: parseStepKey(key),
    components,
    text,
    diffId: parseDiffId(diffId),
    contentDigest: parseContentDigest(contentDigest),
    durationMs,
    created,
    hasLog,
  }
}

/** Decodes a selection record file; undefined when it is of another shape. */
export function decodeSelectionRecord(value: unknown): SelectionRecord | undefined {
  if (!isFields(value)) return undefined
  const { key, contentDigest } = value
  if (typeof key !== 'string' || !isDigest(key)) return undefined
  if (typeof contentDigest !== 'string' || !isDigest(contentDigest)) return undefined
  return { key: parseStepKey(key), contentDigest: parseContentDigest(contentDigest) }
}

/** Decodes what a blob is; undefined when it is of another shape. */
export function decodeBlob(value: unknown): Descriptor | undefined {
  if (!isFields(value)) return undefined
  const { mediaType, digest, size } = value
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isDigest(digest)) return undefined
  return typeof size === 'number' ? { mediaType, digest, size } : undefined
}

/** Decodes a `forms.json`; what is of another shape is left out. */
export function decodeForms(value: unknown): Readonly<Record<string, Descriptor>> {
  if (!isFields(value)) return {}
  const forms = Object.entries(value).flatMap(([method, field]) => {
    const blob = decodeBlob(field)
    return blob === undefined ? [] : [[method, blob] as const]
  })
  return Object.fromEntries(forms)
}

/** Decodes a `layer.json`; undefined when it is of another shape. */
export function decodeLayer(value: unknown): Layer | undefined {
  if (!isFields(value)) return undefined
  const { diffId, contentDigest, sizeBytes, entries, created } = value
  if (typeof diffId !== 'string' || !isDigest(diffId)) return undefined
  if (typeof contentDigest !== 'string' || !isDigest(contentDigest)) return undefined
  if (typeof sizeBytes !== 'number' || typeof entries !== 'number' || typeof created !== 'string') return undefined
  const blob = decodeBlob(value['blob'])
  return {
    diffId: parseDiffId(diffId),
    contentDigest: parseContentDigest(contentDigest),
    sizeBytes,
    entries,
    created,
    ...(blob === undefined ? {} : { blob }),
    // What is packed and has no blob is nothing.
    ...(value['packed'] === true && blob !== undefined ? { packed: true } : {}),
  }
}
