/** What is remembered of a URL: what came last, and what tells whether it still is that. */
export interface HttpNote {
  /** `sha256:…` of the bytes. */
  readonly digest: string
  /** Last-Modified in milliseconds since the epoch; 0 when the server did not say. */
  readonly modifiedMs: number
  readonly sizeBytes: number
  /** Checksums by other algorithms that were found right. */
  readonly verified: readonly string[]
  readonly etag?: string
  /** The header as it came. */
  readonly lastModified?: string
  /** When the server was asked last. */
  readonly validatedMs: number
}

/** Decodes a note; undefined when it is of another shape, as a file of another version may be. */
export function decodeHttpNote(value: unknown): HttpNote | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const fields: { readonly [name: string]: unknown } = { ...value }
  const { digest, modifiedMs, sizeBytes, verified, etag, lastModified, validatedMs } = fields
  if (typeof digest !== 'string' || !/^sha256:[a-f0-9]{64}$/.test(digest)) return undefined
  if (typeof modifiedMs !== 'number' || typeof sizeBytes !== 'number' || typeof validatedMs !== 'number')
    return undefined
  if (!Array.isArray(verified)) return undefined
  return {
    digest,
    modifiedMs,
    sizeBytes,
    validatedMs,
    verified: verified.filter((text): text is string => typeof text === 'string'),
    ...(typeof etag === 'string' ? { etag } : {}),
    ...(typeof lastModified === 'string' ? { lastModified } : {}),
  }
}
