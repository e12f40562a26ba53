import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { compareCodeUnits, errnoCode, errorMessage, type FileNode, ToolError } from '../base/index.ts'

/** Numbers kept of each file: what has to be the same for its digest to be believed. */
const columns = 6
const digestBytes = 32
const headerBytes = 32
/** Bump the digit when the layout changes: other files are ignored. */
const magic = Buffer.from('longshore-fingerprints/1', 'latin1')
/** An entry that was not asked for in this many saved builds is dropped. */
const longestIdle = 20

interface MemoEntry {
  readonly numbers: ArrayLike<number>
  readonly digest: Uint8Array
  readonly idle: number
}

/** A memo as it lies in the file. Entries are cut out of the columns only when asked for: loading stays cheap. */
interface StoredEntries {
  /** In the order of a walk: each directory's names by code unit. */
  readonly paths: readonly string[]
  readonly numbers: Float64Array
  readonly digests: Uint8Array
  readonly idle: Uint8Array
}

const nothingStored: StoredEntries = {
  paths: [],
  numbers: new Float64Array(),
  digests: new Uint8Array(),
  idle: new Uint8Array(),
}

/**
 * Digests of files seen before, by path and by device, inode, size, times and mode. One binary file: header, columns
 * of doubles, digests, idle counters, NUL-joined paths, sha256 of all that. Whoever records an entry promises that a
 * later change of the file shows in its times (git's "racy" rule).
 */
export class FingerprintMemo {
  readonly #file: string
  readonly #stored: StoredEntries
  readonly #recorded = new Map<string, MemoEntry>()
  /** For each stored entry, whether this build asked for it. */
  readonly #used: Uint8Array
  /** The stored entry that a walk asks for next. */
  #next = 0
  #indexes: ReadonlyMap<string, number> | undefined

  /** Loads the memo; a file that is missing, damaged or of another version counts as empty. */
  constructor(file: string) {
    this.#file = file
    this.#stored = readMemo(file)
    this.#used = new Uint8Array(this.#stored.paths.length)
  }

  /** Number of entries that were loaded. */
  get storedCount(): number {
    return this.#stored.paths.length
  }

  /** Raw sha256 of the file's bytes, if it is as it was when recorded. */
  find(path: string, node: FileNode): Uint8Array | undefined {
    const recorded = this.#recorded.get(path)
    if (recorded !== undefined) return isSame(recorded.numbers, 0, node) ? recorded.digest : undefined
    const { numbers, digests } = this.#stored
    const index = this.#indexOf(path)
    if (index === undefined || !isSame(numbers, index * columns, node)) return undefined
    this.#used[index] = 1
    return digests.subarray(index * digestBytes, (index + 1) * digestBytes)
  }

  /** Stored entries are asked for in their order as a rule: a map of them is made only when they are not. */
  #indexOf(path: string): number | undefined {
    const { paths } = this.#stored
    if (paths[this.#next] === path) return this.#next++
    this.#indexes ??= new Map(paths.map((stored, index) => [stored, index]))
    const index = this.#indexes.get(path)
    if (index !== undefined) this.#next = index + 1
    return index
  }

  record(path: string, node: FileNode, digest: Uint8Array): void {
    // A name that is no UTF-8 would not come back the same.
    if (!path.isWellFormed()) return
    const { device, inode, sizeBytes, mtimeMs, ctimeMs, mode } = node
    this.#recorded.set(path, { numbers: [device, inode, sizeBytes, mtimeMs, ctimeMs, mode], digest, idle: 0 })
  }

  /** Writes the memo if anything was recorded. Throws `ToolError` `store-failed` or `no-space`. */
  save(): void {
    if (this.#recorded.size === 0) return
    const temporary = `${this.#file}.${randomBytes(6).toString('hex')}.tmp`
    try {
      mkdirSync(dirname(this.#file), { recursive: true })
      writeFileSync(temporary, encodeMemo(this.#merged()), { mode: 0o600 })
      renameSync(temporary, this.#file)
    } catch (error) {
      removeIfThere(temporary)
      const code = errnoCode(error) === 'ENOSPC' ? 'no-space' : 'store-failed'
      throw new ToolError(code, `cannot write ${this.#file}: ${errorMessage(error)}`, {
        hint: 'free some space, or choose another store with --root DIR',
        cause: error,
      })
    }
  }

  /** Everything recorded, and what was loaded unless it lay idle for too long. */
  #merged(): ReadonlyMap<string, MemoEntry> {
    const { paths, numbers, digests, idle } = this.#stored
    const merged = new Map<string, MemoEntry>()
    for (const [index, path] of paths.entries()) {
      const age = this.#used[index] === 1 ? 0 : (idle[index] ?? 0) + 1
      if (age > longestIdle) continue
      merged.set(path, {
        numbers: numbers.subarray(index * columns, (index + 1) * columns),
        digest: digests.subarray(index * digestBytes, (index + 1) * digestBytes),
        idle: age,
      })
    }
    for (const [path, entry] of this.#recorded) merged.set(path, entry)
    const keys = new Map([...merged.keys()].map((path) => [path, path.replaceAll('/', '\0')]))
    return new Map([...merged].sort(([a], [b]) => compareCodeUnits(keys.get(a) ?? a, keys.get(b) ?? b)))
  }
}

/** The error that led here is the one to tell; a leftover is swept with the store's temporary files. */
function removeIfThere(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch (error) {
    if (errnoCode(error) === undefined) throw error
  }
}

function isSame(numbers: ArrayLike<number>, at: number, node: FileNode): boolean {
  return (
    numbers[at] === node.device &&
    numbers[at + 1] === node.inode &&
    numbers[at + 2] === node.sizeBytes &&
    numbers[at + 3] === node.mtimeMs &&
    numbers[at + 4] === node.ctimeMs &&
    numbers[at + 5] === node.mode
  )
}

function encodeMemo(entries: ReadonlyMap<string, MemoEntry>): Buffer {
  const count = entries.size
  const paths = Buffer.from([...entries.keys()].join('\0'), 'utf8')
  const size = bodyBytes(count) + paths.length + digestBytes
  const numbers = new Float64Array(count * columns)
  const result = Buffer.alloc(size)
  result.set(magic, 0)
  result.writeUInt32LE(count, magic.length)
  result.writeUInt32LE(paths.length, magic.length + 4)
  const digestsAt = headerBytes + numbers.byteLength
  const idleAt = digestsAt + count * digestBytes
  let index = 0
  for (const entry of entries.values()) {
    numbers.set(entry.numbers, index * columns)
    result.set(entry.digest, digestsAt + index * digestBytes)
    result[idleAt + index] = entry.idle
    index++
  }
  result.set(new Uint8Array(numbers.buffer), headerBytes)
  result.set(paths, bodyBytes(count))
  result.set(checksum(result.subarray(0, size - digestBytes)), size - digestBytes)
  return result
}

function bodyBytes(count: number): number {
  return headerBytes + count * (columns * 8 + digestBytes + 1)
}

function checksum(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function readMemo(file: string): StoredEntries {
  try {
    return decodeMemo(readFileSync(file)) ?? nothingStored
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return nothingStored
    throw new ToolError('store-failed', `cannot read ${file}: ${errorMessage(error)}`, {
      hint: 'check who owns the store, or choose another one with --root DIR',
      cause: error,
    })
  }
}

/** Undefined when the bytes are not exactly what `encodeMemo` writes. */
function decodeMemo(bytes: Buffer): StoredEntries | undefined {
  if (bytes.length < headerBytes + digestBytes || !bytes.subarray(0, magic.length).equals(magic)) return undefined
  const count = bytes.readUInt32LE(magic.length)
  const pathBytes = bytes.readUInt32LE(magic.length + 4)
  const end = bytes.length - digestBytes
  if (bodyBytes(count) + pathBytes !== end || !checksum(bytes.subarray(0, end)).equals(bytes.subarray(end))) {
    return undefined
  }
  const digestsAt = headerBytes + count * columns * 8
  const idleAt = digestsAt + count * digestBytes
  const paths = count === 0 ? [] : bytes.toString('utf8', bodyBytes(count), end).split('\0')
  if (paths.length !== count) return undefined
  return {
    paths,
    // Copied out, for the alignment that doubles need.
    numbers: new Float64Array(new Uint8Array(bytes.subarray(headerBytes, digestsAt)).buffer),
    digests: bytes.subarray(digestsAt, idleAt),
    idle: bytes.subarray(idleAt, bodyBytes(count)),
  }
}
