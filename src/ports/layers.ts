import type { ContentDigest, DiffId } from '../base/index.ts'
import type { Descriptor } from '../oci/types.ts'

/** What hashing a layer directory yields: everything needed to name it. */
export interface LayerDigests {
  readonly diffId: DiffId
  readonly contentDigest: ContentDigest
  /** Length of the uncompressed tar in bytes. */
  readonly sizeBytes: number
  /** Number of tar entries. */
  readonly entries: number
}

/** A complete layer in the store. */
export interface Layer extends LayerDigests {
  /** RFC 3339 time when it was first made or pulled. */
  readonly created: string
  /** The compressed blob as pulled, kept in the store; absent for layers built here. */
  readonly blob?: Descriptor
  /** It came as `blob` alone, from a cache elsewhere, and is unpacked when somebody needs its files. */
  readonly packed?: true
}

/** Which overlay flavour a directory tree uses: `trusted.overlay.*` as real root, `user.overlay.*` in a user namespace. */
export type OverlayXattrs = 'trusted' | 'user'
