import { archiveTooLarge, invalidArchive } from './archive-error.ts'
import { EntryHeaders, type MetaKind, type ParsedEntry } from './entry-headers.ts'
import { checkRunCount, checkSparseRuns, oldGnuRuns, SparseMapText, type SparseRun } from './sparse-map.ts'
import { checksumHolds, fieldNumber, isZeroBlock } from './tar-fields.ts'
import { BLOCK, padding, type TarHeader } from './tar-header.ts'

/** Who receives an archive. Calls come in order: `entry`, any number of `data` (files only), `endEntry`. */
export interface TarVisitor {
  entry(header: TarHeader): void
  /** Bytes that stand at `offset` of the file; what no call names is a hole. `chunk` is valid during the call only. */
  data(chunk: Uint8Array, offset: number): void
  endEntry(): void
}

/** Longest PAX header or GNU long name, as Go's reader has it (security 12). */
const maxMetaBytes = 1024 * 1024

type State = 'header' | 'second-zero' | 'meta' | 'old-sparse' | 'sparse-text' | 'body' | 'padding' | 'done'

/**
 * Reads a tar archive pushed in chunks of any size: v7, ustar with prefix, PAX, GNU long names, base-256 numbers, GNU
 * and PAX sparse files. Where readers differ it does as Go's archive/tar: two zero blocks end the archive and what
 * follows is ignored, links and directories have no body whatever their size says, global PAX headers change no
 * entry. Throws `archive-invalid` (format, checksum, truncation) and `archive-too-large` (names, PAX headers, sparse
 * maps past their limit).
 */
export class TarReader {
  readonly #visitor: TarVisitor
  readonly #headers = new EntryHeaders()
  readonly #block = Buffer.alloc(BLOCK)
  #filled = 0
  #state: State = 'header'
  /** Bytes left of the body, meta body or padding. */
  #left = 0
  #pad = 0
  #meta: { readonly kind: MetaKind; readonly bytes: Buffer } | undefined
  #entry: ParsedEntry | undefined
  #runs: SparseRun[] = []
  #runIndex = 0
  #runDone = 0
  #sparseText: SparseMapText | undefined

  constructor(visitor: TarVisitor) {
    this.#visitor = visitor
  }

  /** True once the end of the archive was seen; later bytes are ignored. */
  get ended(): boolean {
    return this.#state === 'done'
  }

  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let at = 0
    while (at < bytes.length && this.#state !== 'done') {
      if (this.#state === 'body' || this.#state === 'padding' || this.#state === 'meta') {
        const part = bytes.subarray(at, at + this.#left)
        at += part.length
        this.#pass(part)
      } else if (this.#filled === 0 && bytes.length - at >= BLOCK) {
        const block = bytes.subarray(at, at + BLOCK)
        at += BLOCK
        this.#takeBlock(block)
      } else {
        const part = bytes.subarray(at, at + BLOCK - this.#filled)
        part.copy(this.#block, this.#filled)
        this.#filled += part.length
        at += part.length
        if (this.#filled < BLOCK) return
        this.#filled = 0
        this.#takeBlock(this.#block)
      }
    }
  }

  /** The source is at its end. An archive may lack its zero blocks (as Go has it), but not stop inside an entry. */
  end(): void {
    const between = (this.#state === 'header' || this.#state === 'second-zero') && this.#filled === 0
    if (this.#state === 'done' || (between && !this.#headers.pending)) return
    throw invalidArchive('the archive is cut off')
  }

  #pass(part: Buffer): void {
    this.#left -= part.length
    if (this.#state === 'meta' && this.#meta)
      part.copy(this.#meta.bytes, this.#meta.bytes.length - this.#left - part.length)
    else if (this.#state === 'body') this.#deliver(part)
    if (this.#left > 0) return
    if (this.#state === 'meta') this.#finishMeta()
    else if (this.#state === 'body') this.#finishEntry()
    else this.#state = 'header'
  }

  #takeBlock(block: Buffer): void {
    switch (this.#state) {
      case 'header':
        if (isZeroBlock(block)) this.#state = 'second-zero'
        else this.#takeHeader(block)
        return
      case 'second-zero':
        if (!isZeroBlock(block)) throw invalidArchive('a lone block of zeros stands inside the archive')
        if (this.#headers.pending) throw invalidArchive('an extended header is not followed by its entry')
        this.#state = 'done'
        return
      case 'old-sparse':
        this.#takeOldRuns(block, 'extension')
        return
      default:
        this.#takeSparseText(block)
    }
  }

  #takeHeader(block: Buffer): void {
    if (!checksumHolds(block)) throw invalidArchive('the checksum of a tar header is wrong')
    const kind = EntryHeaders.metaKind(block)
    if (kind === undefined) {
      this.#startEntry(this.#headers.entry(block), block)
      return
    }
    const size = fieldNumber(block, 124, 12, 'size')
    if (size < 0) throw invalidArchive('the size of an extended header is negative')
    if (size > maxMetaBytes) throw archiveTooLarge(`an extended header of ${size} bytes is longer than ${maxMetaBytes}`)
    this.#meta = { kind, bytes: Buffer.alloc(size) }
    this.#left = size
    this.#pad = padding(size)
    this.#state = 'meta'
    if (size === 0) this.#finishMeta()
  }

  #finishMeta(): void {
    if (this.#meta) this.#headers.addMeta(this.#meta.kind, this.#meta.bytes)
    this.#meta = undefined
    this.#skipPadding()
  }

  #startEntry(entry: ParsedEntry, block: Buffer): void {
    this.#entry = entry
    this.#left = entry.storedSize
    this.#pad = padding(entry.storedSize)
    if (entry.sparse === 'old') this.#takeOldRuns(block, 'header')
    else if (entry.sparse === 'text') {
      this.#sparseText = new SparseMapText()
      this.#state = 'sparse-text'
    } else this.#startBody(entry, entry.sparse ?? [{ offset: 0, length: entry.storedSize }])
  }

  #takeOldRuns(block: Buffer, kind: 'header' | 'extension'): void {
    const { runs, more } = oldGnuRuns(block, kind)
    this.#runs.push(...runs)
    checkRunCount(this.#runs.length)
    if (more) this.#state = 'old-sparse'
    else if (this.#entry) this.#startBody(this.#entry, this.#runs)
  }

  #takeSparseText(block: Buffer): void {
    this.#left -= BLOCK
    if (this.#left < 0) throw invalidArchive('the map of a sparse file is longer than the file')
    const runs = this.#sparseText?.add(block)
    if (runs && this.#entry) this.#startBody(this.#entry, runs)
  }

  #startBody(entry: ParsedEntry, runs: readonly SparseRun[]): void {
    this.#sparseText = undefined
    this.#runs = entry.sparse === undefined ? [...runs] : checkSparseRuns(runs, entry.header.size, this.#left)
    this.#runIndex = 0
    this.#runDone = 0
    this.#visitor.entry(entry.header)
    this.#state = 'body'
    if (this.#left === 0) this.#finishEntry()
  }

  #deliver(part: Buffer): void {
    let at = 0
    while (at < part.length) {
      const run = this.#runs[this.#runIndex]
      if (!run) throw new Error('internal error: bytes past the map of a sparse file')
      const piece = part.subarray(at, at + run.length - this.#runDone)
      this.#visitor.data(piece, run.offset + this.#runDone)
      at += piece.length
      this.#runDone += piece.length
      if (this.#runDone === run.length) {
        this.#runIndex++
        this.#runDone = 0
      }
    }
  }

  #finishEntry(): void {
    this.#visitor.endEntry()
    this.#entry = undefined
    this.#runs = []
    this.#skipPadding()
  }

  #skipPadding(): void {
    this.#left = this.#pad
    this.#state = this.#pad > 0 ? 'padding' : 'header'
  }
}
