import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestHex, digestOf, parseDigest, storeAction, ToolError } from '../base/index.ts'
import { readIfExists, renameInto, temporaryPath, writeAtomic } from './files.ts'

/** Takes the bytes of one blob; `commit` makes it visible only if they have the promised digest. */
export interface BlobWriter {
  write(chunk: Uint8Array): void
  /** Throws `ToolError` `blob-mismatch` when the bytes are not those of the digest; nothing is kept then. */
  commit(): void
  /** Drops what was written; no-op after `commit`. */
  discard(): void
}

/** Takes the bytes of a blob whose digest is not known before; it can be read at `path` while it grows. */
export interface NewBlob {
  readonly path: string
  write(chunk: Uint8Array): void
  /** Makes it visible under its digest. */
  commit(): { readonly digest: Digest; readonly size: number }
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
  /** Removes a blob that nothing names any more; false when there was none. */
  remove(digest: Digest): boolean
  create(): NewBlob
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
    open(digest) {
      const blob = storeAction('store a blob', () => newBlob(root, path, digest))
      return { write: blob.write, commit: () => void blob.commit(), discard: blob.discard }
    },
    remove(digest) {
      if (!existsSync(path(digest))) return false
      storeAction('remove a blob', () => rmSync(path(digest), { force: true }))
      return true
    },
    create: () => storeAction('store a blob', () => newBlob(root, path, undefined)),
  }
}

/** With `promised`, only bytes of that digest are kept. */
function newBlob(root: string, pathOf: (digest: Digest) => string, promised: Digest | undefined): NewBlob {
  const temporary = temporaryPath(root)
  const hash = createHash('sha256')
  let size = 0
  let fd: number | undefined = openSync(temporary, 'wx', 0o644)
  const close = (): void => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }
  return {
    path: temporary,
    write(chunk) {
      storeAction('store a blob', () => {
        if (fd === undefined) throw new Error('the blob is closed')
        hash.update(chunk)
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
        size += chunk.length
      })
    },
    commit() {
      const digest = parseDigest(`sha256:${hash.digest('hex')}`)
      close()
      if (promised === undefined || digest === promised) {
        storeAction('store a blob', () => renameInto(temporary, pathOf(digest)))
        return { digest, size }
      }
      rmSync(temporary, { force: true })
      throw new ToolError('blob-mismatch', `a blob of ${size} bytes has digest ${digest}, expected ${promised}`)
    },
    discard() {
      if (fd === undefined) return
      close()
      rmSync(temporary, { force: true })
    },
  }
}
