import { invariant, parseContentDigest, parseDiffId } from '../base/index.ts'
import type { LayerDigests, OverlayXattrs } from '../ports/index.ts'

/** What a process that digests is told, and what it says. */
export interface DigestJob {
  readonly directory: string
  readonly overlay: OverlayXattrs
  /** Process that asks: without it nobody wants the answer. */
  readonly from: number
}
export type DigestAnswer =
  | { readonly kind: 'digested'; readonly digests: LayerDigests }
  /** It could not be read. */
  | { readonly kind: 'failed' }

/** A job as it came over the channel. */
export function decodeJob(message: unknown): DigestJob {
  const { directory, overlay, from } = fields(message)
  invariant(typeof directory === 'string' && (overlay === 'trusted' || overlay === 'user'), 'a job to digest')
  invariant(typeof from === 'number', 'a process to digest for')
  return { directory, overlay, from }
}

/** An answer as it came over the channel. */
export function decodeAnswer(message: unknown): DigestAnswer {
  const { kind, digests } = fields(message)
  if (kind === 'failed') return { kind }
  const { diffId, contentDigest, sizeBytes, entries } = fields(digests)
  invariant(typeof sizeBytes === 'number' && typeof entries === 'number', 'numbers of a layer')
  return {
    kind: 'digested',
    digests: {
      diffId: parseDiffId(String(diffId)),
      contentDigest: parseContentDigest(String(contentDigest)),
      sizeBytes,
      entries,
    },
  }
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  invariant(typeof value === 'object' && value !== null, 'a message of the digester')
  return Object.fromEntries(Object.entries(value))
}
