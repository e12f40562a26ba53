import { createHash, hash as hashOnce } from 'node:crypto'
import { closeSync, readSync } from 'node:fs'
import type { TreeDigest, TreeEntry } from '../base/index.ts'
import { translateError } from './archive-error.ts'
import { nameBytes } from './byte-name.ts'
import { changed, type LayerEntry, LayerWalk, type LayerWalkOptions } from './layer-walk.ts'
import { encodeHeader, endOfArchive, padding, type TarHeader } from './tar-header.ts'

/** Bytes of the largest chunk. */
export const chunkSize = 1024 * 1024
const minChunkSize = 64 * 1024

/**
 * The layer tar of an overlay upper directory, in chunks of up to 1 MB, byte for byte what BuildKit's differ would
 * write (dockerfile.md 1.9). A chunk is a view of one shared buffer: use or copy it before asking for the next.
 * Leaving the loop early closes what is open. Synchronous. Throws `archive-invalid`, `not-supported`, `store-failed`
 * (a file changed while it was read), `system-call-failed`.
 */
export function* layerTar(directory: string, options: LayerWalkOptions): Generator<Uint8Array, void, undefined> {
  yield* new LayerTar(directory, options, undefined).chunks()
}

/** Writes a layer's tar, and tells `tree` each entry with the digest of its bytes: each file is read once. */
export class LayerTar {
  readonly #directory: string
  readonly #options: LayerWalkOptions
  readonly #tree: TreeDigest | undefined
  #buffer: Buffer
  #used = 0
  entries = 0
  sizeBytes = 0

  constructor(
    directory: string,
    options: LayerWalkOptions,
    tree: TreeDigest | undefined,
    buffer: Buffer = Buffer.allocUnsafeSlow(chunkSize),
  ) {
    this.#directory = directory
    this.#options = options
    this.#tree = tree
    this.#buffer = buffer
  }

  /** Where the next chunk is written, for who keeps the last one. Of `chunkSize` bytes. */
  continueIn(buffer: Buffer): void {
    this.#buffer = buffer
  }

  *chunks(): Generator<Uint8Array, void, undefined> {
    let walk: LayerWalk | undefined
    try {
      walk = new LayerWalk(this.#directory, this.#options)
      if (walk.rootOpaque) {
        this.#tree?.add({ path: nameBytes(''), type: 'directory', mode: 0, uid: 0, gid: 0, xattrs: [opaqueMark] })
        yield* this.#opaqueMark('')
      }
      for (let entry = walk.next(); entry; entry = walk.next()) yield* this.#entry(entry)
      yield* this.#put(endOfArchive)
      yield this.#take()
    } catch (error) {
      throw translateError(error, `cannot read the layer ${this.#directory}`)
    } finally {
      walk?.close()
    }
  }

  *#entry(entry: LayerEntry): Generator<Uint8Array, void, undefined> {
    const { fd } = entry
    try {
      yield* this.#header(tarHeader(entry))
      const fileDigest = fd === undefined ? undefined : yield* this.#body(fd, entry)
      if (!entry.expanded) this.#tree?.add(treeEntry(entry, fileDigest))
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
    if (entry.opaque) yield* this.#opaqueMark(`${entry.path}/`)
  }

  *#opaqueMark(prefix: string): Generator<Uint8Array, void, undefined> {
    if (this.#options.lowerNames) return
    yield* this.#header({ ...emptyHeader, name: `${prefix}.wh..wh..opq` })
  }

  *#header(header: TarHeader): Generator<Uint8Array, void, undefined> {
    this.entries++
    yield* this.#put(encodeHeader(header))
  }

  *#put(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#used === chunkSize) yield this.#take()
      const part = bytes.subarray(at, at + chunkSize - this.#used)
      this.#buffer.set(part, this.#used)
      this.#used += part.length
      at += part.length
    }
  }

  #take(): Uint8Array {
    const chunk = this.#buffer.subarray(0, this.#used)
    this.sizeBytes += this.#used
    this.#used = 0
    return chunk
  }

  /** Copies a file's bytes and returns their sha256. One byte more than the size is asked for, so that growth shows. */
  *#body(fd: number, entry: LayerEntry): Generator<Uint8Array, Uint8Array | undefined, undefined> {
    const { size } = entry
    const full = this.#used + size >= chunkSize
    if (full && size < chunkSize && this.#used >= minChunkSize) yield this.#take()
    if (this.#used + size < chunkSize) {
      if (this.#read(fd, size + 1) !== size) throw changed(entry.path)
      const bytes = this.#buffer.subarray(this.#used, this.#used + size)
      this.#used += size
      yield* this.#pad(size)
      return this.#tree && hashOnce('sha256', bytes, 'buffer')
    }
    return yield* this.#longBody(fd, entry)
  }

  *#longBody(fd: number, entry: LayerEntry): Generator<Uint8Array, Uint8Array | undefined, undefined> {
    const hash = this.#tree && createHash('sha256')
    for (let left = entry.size; left > 0; ) {
      if (this.#used === chunkSize) yield this.#take()
      const count = this.#read(fd, left)
      if (count === 0) throw changed(entry.path)
      hash?.update(this.#buffer.subarray(this.#used, this.#used + count))
      this.#used += count
      left -= count
    }
    if (readSync(fd, oneByte) !== 0) throw changed(entry.path)
    yield* this.#pad(entry.size)
    return hash?.digest()
  }

  #read(fd: number, wanted: number): number {
    return readSync(fd, this.#buffer, this.#used, Math.min(wanted, chunkSize - this.#used), null)
  }

  *#pad(size: number): Generator<Uint8Array, void, undefined> {
    yield* this.#put(endOfArchive.subarray(0, padding(size)))
  }
}

const oneByte = Buffer.alloc(1)

const emptyHeader: TarHeader = {
  name: '',
  type: 'file',
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtimeNs: 0n,
  linkName: '',
  major: 0,
  minor: 0,
  xattrs: [],
}

function tarHeader(entry: LayerEntry): TarHeader {
  if (entry.type === 'whiteout') {
    const slash = entry.path.lastIndexOf('/') + 1
    return { ...emptyHeader, name: `${entry.path.slice(0, slash)}.wh.${entry.path.slice(slash)}` }
  }
  return {
    name: entry.type === 'directory' ? `${entry.path}/` : entry.path,
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    mtimeNs: entry.mtime * 1_000_000_000n,
    linkName: entry.target,
    major: entry.major,
    minor: entry.minor,
    xattrs: entry.xattrs,
  }
}

const opaqueMark: readonly [string, Uint8Array] = ['opaque', new Uint8Array()]

function treeEntry(entry: LayerEntry, fileDigest: Uint8Array | undefined): TreeEntry {
  const xattrs = entry.opaque ? [opaqueMark, ...entry.xattrs] : entry.xattrs
  return {
    path: nameBytes(entry.path),
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    major: entry.major,
    minor: entry.minor,
    ...(entry.target === '' ? {} : { target: nameBytes(entry.target) }),
    ...(fileDigest === undefined ? {} : { fileDigest }),
    ...(xattrs.length === 0 ? {} : { xattrs }),
  }
}
