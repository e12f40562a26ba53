import { createHash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestHex, digestOf, storeAction, ToolError } from '../base/index.ts'
import { readIfExists, renameInto, temporaryPath, writeAtomic } from './files.ts'

/** Takes the bytes of one blob; `commit` makes it visible only if they have the promised digest. */
export interface BlobWriter {
  write(chunk: Uint8Array): void
  /** Throws `ToolError` `blob-mismatch` when the bytes are not those of the digest; nothing is kept then. */
  commit(): void
  /** Drops what was written; no-op after `commit`. */
  discard(): void
}

/** Content-addressed files: configs, manifests, and compressed layers as they were pulled. */
export interface Blobs {
  path(digest: Digest): string
  has(digest: Digest): boolean
  /** The bytes, for small blobs; undefined when there are none, or none with this digest. */
  read(digest: Digest): Uint8Array | undefined
  /** Stores bytes under their own digest and returns it. */
  writeBytes(bytes: Uint8Array): Digest
  open(digest: Digest): BlobWriter
}

/** Opens the blobs below `root`. Reads nothing. */
export function openBlobs(root: string): Blobs {
  const path = (digest: Digest): string => join(root, 'blobs', 'sha256', digestHex(digest))
  const read = (digest: Digest): Uint8Array | undefined => {
    const bytes = readIfExists(path(digest))
    return bytes !== undefined && digestOf(bytes) === digest ? bytes : undefined
  }
  return {
    path,
    has: (digest) => existsSync(path(digest)),
    read,
    writeBytes(bytes) {
      const digest = digestOf(bytes)
      if (read(digest) === undefined) writeAtomic(root, path(digest), bytes, 'flushed')
      return digest
    },
    open: (digest) => storeAction('store a blob', () => blobWriter(root, digest, path(digest))),
  }
}

function blobWriter(root: string, digest: Digest, path: string): BlobWriter {
  const temporary = temporaryPath(root)
  const hash = createHash('sha256')
  let fd: number | undefined = openSync(temporary, 'wx', 0o644)
  const close = (): void => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }
  return {
    write(chunk) {
      storeAction('store a blob', () => {
        if (fd === undefined) throw new Error('the blob is closed')
        hash.update(chunk)
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
      })
    },
    commit() {
      const got = `sha256:${hash.digest('hex')}`
      const size = fd === undefined ? 0 : fstatSync(fd).size
      close()
      if (got === digest) {
        storeAction('store a blob', () => renameInto(temporary, path))
        return
      }
      rmSync(temporary, { force: true })
      throw new ToolError('blob-mismatch', `a blob of ${size} bytes has digest ${got}, expected ${digest}`)
    },
    discard() {
      if (fd === undefined) return
      close()
      rmSync(temporary, { force: true })
    },
  }
}
