import { archiveTooLarge, invalidArchive } from './archive-error.ts'
import { nameOf, quoteName } from './byte-name.ts'
import { type PaxRecord, parsePaxNumber, parsePaxRecords, parsePaxTime } from './pax-records.ts'
import { parseSparseList, type SparseRun } from './sparse-map.ts'
import { fieldNumber, fieldText } from './tar-fields.ts'
import type { TarHeader, TarType } from './tar-header.ts'

/** Headers that only say something about others: PAX local and global, GNU long name and long link. */
export type MetaKind = 'x' | 'g' | 'L' | 'K'

/** An entry's header with everything that stood before it merged in. */
export interface ParsedEntry {
  readonly header: TarHeader
  /** Bytes of body in the archive, a PAX 1.0 sparse map included. */
  readonly storedSize: number
  /** Undefined for a plain file; `old` and `text` when the map has yet to be read; else the map. */
  readonly sparse: 'old' | 'text' | readonly SparseRun[] | undefined
}

const entryTypes: Readonly<Record<string, TarType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
}

/** PATH_MAX less its NUL: no longer path can be made (security 12). */
const maxNameBytes = 4095
const maxId = 0xffff_fffe

/** Gathers the headers before an entry and merges them into it, with the precedence of Go's archive/tar. */
export class EntryHeaders {
  #records = new Map<string, Buffer>()
  #sparseNumbers: string[] = []
  #longName: string | undefined
  #longLink: string | undefined
  #pending = false

  /** True when a header awaits the entry it speaks of. */
  get pending(): boolean {
    return this.#pending
  }

  static metaKind(block: Buffer): MetaKind | undefined {
    const flag = String.fromCharCode(block[156] ?? 0)
    return flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K' ? flag : undefined
  }

  addMeta(kind: MetaKind, body: Buffer): void {
    if (kind === 'g') {
      checkGlobal(parsePaxRecords(body))
      return
    }
    this.#pending = true
    if (kind === 'x') this.#addRecords(parsePaxRecords(body))
    else if (kind === 'L') this.#longName = fieldText(body, 0, body.length)
    else this.#longLink = fieldText(body, 0, body.length)
  }

  #addRecords(records: readonly PaxRecord[]): void {
    this.#records = new Map()
    this.#sparseNumbers = []
    for (const { key, value } of records) {
      if (key !== 'GNU.sparse.offset' && key !== 'GNU.sparse.numbytes') {
        this.#records.set(key, value)
        continue
      }
      const wanted = this.#sparseNumbers.length % 2 === 0 ? 'GNU.sparse.offset' : 'GNU.sparse.numbytes'
      if (key !== wanted) throw invalidArchive('the map of a sparse file is out of order')
      this.#sparseNumbers.push(value.toString('latin1'))
    }
  }

  /** Reads the entry's own block and forgets what stood before it. */
  entry(block: Buffer): ParsedEntry {
    const flag = String.fromCharCode(block[156] ?? 0)
    const sparse = flag === 'S' ? 'old' : this.#paxSparse()
    const name = this.#text('GNU.sparse.name') ?? this.#longName ?? this.#text('path') ?? blockName(block)
    const type = entryType(flag, name)
    if (sparse !== undefined && type !== 'file') throw invalidArchive(`${quoteName(name)} is sparse, but not a file`)
    const stored = this.#number('size') ?? fieldNumber(block, 124, 12, 'size')
    if (stored < 0) throw invalidArchive(`the size of ${quoteName(name)} is negative`)
    const size = sparse === undefined ? stored : this.#sparseSize(block, sparse, stored)
    const linkName = this.#longLink ?? this.#text('linkpath') ?? fieldText(block, 157, 100)
    checkName(name)
    checkName(linkName)
    const device = type === 'char' || type === 'block'
    const header: TarHeader = {
      name,
      type,
      mode: modulo(fieldNumber(block, 100, 8, 'mode'), 0o10000),
      uid: checkId(this.#number('uid') ?? fieldNumber(block, 108, 8, 'uid'), name),
      gid: checkId(this.#number('gid') ?? fieldNumber(block, 116, 8, 'gid'), name),
      size: type === 'file' ? size : 0,
      mtimeNs: this.#time() ?? BigInt(fieldNumber(block, 136, 12, 'mtime')) * 1_000_000_000n,
      linkName: type === 'symlink' || type === 'hardlink' ? linkName : '',
      major: device ? checkDevice(fieldNumber(block, 329, 8, 'device number'), name) : 0,
      minor: device ? checkDevice(fieldNumber(block, 337, 8, 'device number'), name) : 0,
      xattrs: this.#xattrs(),
    }
    this.#forget()
    return { header, storedSize: type === 'file' ? stored : 0, sparse }
  }

  #forget(): void {
    if (!this.#pending) return
    this.#records = new Map()
    this.#sparseNumbers = []
    this.#longName = undefined
    this.#longLink = undefined
    this.#pending = false
  }

  /** A record that is there and not empty: an empty one means the ustar value (POSIX pax, "Extended Header"). */
  #text(key: string): string | undefined {
    const value = this.#records.get(key)
    return value === undefined || value.length === 0 ? undefined : nameOf(value)
  }

  #number(key: string): number | undefined {
    const text = this.#text(key)
    return text === undefined ? undefined : parsePaxNumber(key, text)
  }

  #time(): bigint | undefined {
    const text = this.#text('mtime')
    return text === undefined ? undefined : parsePaxTime(text)
  }

  #xattrs(): (readonly [string, Uint8Array])[] {
    const result: (readonly [string, Uint8Array])[] = []
    if (this.#records.size === 0) return result
    for (const [key, value] of this.#records) {
      if (key.startsWith('SCHILY.xattr.') && value.length > 0) result.push([key.slice('SCHILY.xattr.'.length), value])
    }
    return result
  }

  #paxSparse(): 'text' | readonly SparseRun[] | undefined {
    if (this.#records.size === 0 && this.#sparseNumbers.length === 0) return undefined
    const major = this.#text('GNU.sparse.major')
    const minor = this.#text('GNU.sparse.minor')
    if (major === '1' && minor === '0') return 'text'
    const known = (major === undefined && minor === undefined) || (major === '0' && (minor === '0' || minor === '1'))
    if (!known) throw invalidArchive(`sparse files of format "${major ?? ''}.${minor ?? ''}" are unknown`)
    if (this.#sparseNumbers.length > 0) return parseSparseList(this.#sparseNumbers)
    const map = this.#text('GNU.sparse.map')
    return map === undefined ? undefined : parseSparseList(map.split(','))
  }

  #sparseSize(block: Buffer, sparse: ParsedEntry['sparse'], stored: number): number {
    if (sparse !== 'old') return this.#number('GNU.sparse.realsize') ?? this.#number('GNU.sparse.size') ?? stored
    if (block.toString('latin1', 257, 265) !== 'ustar  \0')
      throw invalidArchive('a GNU sparse file stands in an archive of another format')
    const size = fieldNumber(block, 483, 12, 'size')
    if (size < 0) throw invalidArchive('the size of a sparse file is negative')
    return size
  }
}

function entryType(flag: string, name: string): TarType {
  const type = entryTypes[flag]
  if (type === undefined) {
    throw invalidArchive(
      `${quoteName(name)} is of type ${JSON.stringify(flag)}, which is neither file, directory, link, device nor fifo`,
    )
  }
  // Archives older than ustar have no type for directories: a slash at the end tells.
  return flag === '\0' && name.endsWith('/') ? 'directory' : type
}

/** Name of a block: ustar and star put a prefix in front, GNU and v7 have none. */
function blockName(block: Buffer): string {
  const name = fieldText(block, 0, 100)
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return name
  const star = block.toString('latin1', 508, 512) === 'tar\0'
  const prefix = fieldText(block, 345, star ? 131 : 155)
  return prefix === '' ? name : `${prefix}/${name}`
}

function checkName(name: string): void {
  if (name.length > maxNameBytes)
    throw archiveTooLarge(`a name of ${name.length} bytes is longer than Linux allows (${maxNameBytes})`)
  if (name.includes('\0')) throw invalidArchive(`the name ${quoteName(name)} holds a NUL byte`)
}

function checkId(id: number, name: string): number {
  if (id < 0 || id > maxId) throw invalidArchive(`the owner ${id} of ${quoteName(name)} is not a user or group id`)
  return id
}

function checkDevice(value: number, name: string): number {
  if (value < 0 || value > 0xffff_ffff)
    throw invalidArchive(`the device number ${value} of ${quoteName(name)} is out of range`)
  return value
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}

/**
 * Global PAX headers (git writes one with the commit) change no entry, as in Go's reader, which docker and containerd
 * use. Those that would rename or resize entries for other readers are refused: an archive must mean one thing.
 */
function checkGlobal(records: readonly PaxRecord[]): void {
  for (const { key } of records) {
    if (key === 'path' || key === 'linkpath' || key === 'size' || key.startsWith('GNU.sparse.')) {
      throw invalidArchive(`a global PAX header sets "${key}", which readers understand in different ways`)
    }
  }
}
