import { createHash } from 'node:crypto'
import { invariant, parseDiffId, TreeDigest } from '../base/index.ts'
import type { LayerDigests } from '../ports/index.ts'
import type { ChunkRing } from './chunk-ring.ts'
import { LayerTar } from './layer-tar.ts'
import type { LayerWalkOptions } from './layer-walk.ts'

/**
 * Both digests of an overlay upper directory in one walk, each file read once: the diffId is sha256 of exactly the
 * bytes `layerTar` yields for the same options; the content digest knows no times and has an opaque directory as a
 * mark, whether `lowerNames` is given or not. An empty directory gives a valid empty tar. Synchronous. Throws as
 * `layerTar`.
 */
export function digestLayer(directory: string, options: LayerWalkOptions): LayerDigests {
  const digests = digestSmallLayer(directory, options, Number.POSITIVE_INFINITY)
  invariant(digests !== undefined, 'a layer without limit')
  return digests
}

/** As `digestLayer`, of a layer whose tar has at most about `limitBytes`; gives up with undefined at a larger one. */
export function digestSmallLayer(
  directory: string,
  options: LayerWalkOptions,
  limitBytes: number,
): LayerDigests | undefined {
  const tree = new TreeDigest()
  const tar = new LayerTar(directory, options, tree)
  const hash = createHash('sha256')
  for (const chunk of tar.chunks()) {
    hash.update(chunk)
    if (tar.sizeBytes > limitBytes) return undefined
  }
  return named(tar, tree, hash.digest())
}

/**
 * As `digestLayer`, with the tar hashed by whoever reads the ring, while this thread reads files and hashes each.
 * `eachChunk` is called on the way and may throw to stop it.
 */
export function digestThroughRing(
  directory: string,
  options: LayerWalkOptions,
  ring: ChunkRing,
  eachChunk: () => void,
): LayerDigests {
  const tree = new TreeDigest()
  const tar = new LayerTar(directory, options, tree, ring.free())
  try {
    for (const chunk of tar.chunks()) {
      eachChunk()
      ring.give(chunk.length)
      tar.continueIn(ring.free())
    }
  } catch (error) {
    // What is in the ring is not to be the beginning of the next one.
    ring.end()
    throw error
  }
  return named(tar, tree, ring.end())
}

function named(tar: LayerTar, tree: TreeDigest, tarHash: Buffer): LayerDigests {
  return {
    diffId: parseDiffId(`sha256:${tarHash.toString('hex')}`),
    contentDigest: tree.digest(),
    sizeBytes: tar.sizeBytes,
    entries: tar.entries,
  }
}
