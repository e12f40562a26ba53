import { createHash, type Hash } from 'node:crypto'
import { type ContentDigest, parseContentDigest } from './digest.ts'

export type TreeEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo' | 'whiteout'

/** What of one file or directory counts as content. Paths and link targets are raw bytes, since Linux names need not be UTF-8. */
export interface TreeEntry {
  /** Relative to the tree's root, `/`-separated, no leading or trailing slash; empty for the root itself. */
  readonly path: Uint8Array
  readonly type: TreeEntryType
  /** Permission bits with setuid, setgid and sticky (07777). Ignored for symlinks and whiteouts. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Symlink text, or for a hardlink the path of the first name of the same file in this tree. */
  readonly target?: Uint8Array
  readonly major?: number
  readonly minor?: number
  /** Raw sha256 of a regular file's bytes, 32 bytes. */
  readonly fileDigest?: Uint8Array
  /** Kept xattrs, sorted by name. A directory's opaque mark is given as `opaque` with an empty value. */
  readonly xattrs?: readonly (readonly [name: string, value: Uint8Array])[]
}

/**
 * Computes the content digest of a tree: entries are added in the tree's walk order (each directory before its
 * children, children in byte order), which the caller keeps. Times are no part of it.
 */
export class TreeDigest {
  readonly #hash: Hash = createHash('sha256')
  /** What waits to be hashed: a call into the hash costs more than the few bytes of one entry. */
  readonly #pending = Buffer.allocUnsafe(32 * 1024)
  #used = 0
  #count = 0

  constructor() {
    this.#put(Buffer.from('longshore.tree/1\n'))
  }

  /** Number of entries added so far. */
  get count(): number {
    return this.#count
  }

  add(entry: TreeEntry): void {
    const bare = entry.type === 'symlink' || entry.type === 'whiteout'
    this.#count++
    this.#putText(
      `${entry.type} ${bare ? 0 : entry.mode & 0o7777} ${entry.uid} ${entry.gid} ${entry.major ?? 0} ${entry.minor ?? 0} ` +
        `${entry.path.length} ${entry.target?.length ?? 0} ${entry.fileDigest?.length ?? 0} ${entry.xattrs?.length ?? 0}:`,
    )
    this.#put(entry.path)
    if (entry.target) this.#put(entry.target)
    if (entry.fileDigest) this.#put(entry.fileDigest)
    for (const [name, value] of entry.xattrs ?? []) {
      this.#put(Buffer.from(`${Buffer.byteLength(name)} ${value.length}:${name}`))
      this.#put(value)
    }
  }

  #put(bytes: Uint8Array): void {
    if (bytes.length > this.#pending.length - this.#used) this.#flush()
    if (bytes.length > this.#pending.length) {
      this.#hash.update(bytes)
      return
    }
    this.#pending.set(bytes, this.#used)
    this.#used += bytes.length
  }

  /** ASCII, and much shorter than the buffer. */
  #putText(text: string): void {
    if (text.length > this.#pending.length - this.#used) this.#flush()
    this.#used += this.#pending.write(text, this.#used, 'latin1')
  }

  #flush(): void {
    this.#hash.update(this.#pending.subarray(0, this.#used))
    this.#used = 0
  }

  /** Ends the tree; the object must not be used after. */
  digest(): ContentDigest {
    this.#flush()
    return parseContentDigest(`sha256:${this.#hash.digest('hex')}`)
  }
}
