import { digestOf, parseContentDigest, parseDiffId } from '../../src/base/index.ts'
import type { Layer } from '../../src/ports/index.ts'

/** A layer that exists on paper only, with digests made of `name`. */
export function paperLayer(name: string, created = '2026-01-01T00:00:00Z'): Layer {
  return {
    diffId: parseDiffId(digestOf(`diff ${name}`)),
    contentDigest: parseContentDigest(digestOf(`content ${name}`)),
    sizeBytes: 1024,
    entries: 1,
    created,
  }
}
