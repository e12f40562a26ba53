import { invalidArchive } from './archive-error.ts'
import { isAscii, nameBytes, quoteName } from './byte-name.ts'
import { encodePaxRecords, formatPaxTime } from './pax-records.ts'

export type TarType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo'

/** One tar entry without its bytes. Names are byte strings (byte-name.ts). */
export interface TarHeader {
  /** As the archive has it; a directory's ends in `/` when we write it. */
  readonly name: string
  readonly type: TarType
  /** 07777 bits only. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of a file as seen when extracted (holes included); 0 for every other type. */
  readonly size: number
  readonly mtimeNs: bigint
  /** Symlink text, or a hardlink's target relative to the archive's top; else empty. */
  readonly linkName: string
  readonly major: number
  readonly minor: number
  readonly xattrs: readonly (readonly [name: string, value: Uint8Array])[]
}

export const BLOCK = 512

const typeFlags: Readonly<Record<TarType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

/** Largest numbers that fit in the octal fields of 8 and 12 bytes. */
const maxOctal8 = 0o7777777
const maxOctal12 = 0o77777777777

/** Two zero blocks: the end of an archive. */
export const endOfArchive: Uint8Array = new Uint8Array(2 * BLOCK)

/** Bytes of padding after a body of `size` bytes. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

/**
 * Encodes one header as Go's archive/tar does for format PAX, byte for byte (BuildKit, containerd): plain ustar where
 * it fits, with the name split into prefix and name; else PAX records before it, sorted, `PaxHeaders.0` as directory,
 * and what fits of the values in the ustar fields. User and group names stay empty. The result is valid until the
 * next call.
 */
export function encodeHeader(header: TarHeader): Uint8Array {
  const records = paxRecords(header)
  const split = header.name.length > 100 ? splitName(header.name) : undefined
  if (records.size === 0 || (split !== undefined && records.size === 1 && records.has('path'))) {
    return mainBlock(header, split?.name ?? header.name, split?.prefix ?? '')
  }
  const body = encodePaxRecords(records)
  const main = mainBlock(header, asciiOnly(header.name), '')
  const result = Buffer.alloc(2 * BLOCK + body.length + padding(body.length))
  writePaxBlock(result.subarray(0, BLOCK), header.name, body.length)
  result.set(body, BLOCK)
  result.set(main, result.length - BLOCK)
  return result
}

function paxRecords(header: TarHeader): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>()
  const text = (key: string, value: string): void => {
    if (value.includes('\0'))
      throw invalidArchive(`a name with a NUL byte cannot be in an archive: ${quoteName(value)}`)
    if (value.length > 100 || !isAscii(value)) records.set(key, nameBytes(value))
  }
  const number = (key: string, value: number, max: number): void => {
    if (value > max) records.set(key, Buffer.from(String(value)))
  }
  text('path', header.name)
  if (header.linkName !== '') text('linkpath', header.linkName)
  number('size', header.size, maxOctal12)
  number('uid', header.uid, maxOctal8)
  number('gid', header.gid, maxOctal8)
  const seconds = Number(header.mtimeNs / 1_000_000_000n)
  if (header.mtimeNs < 0n || seconds > maxOctal12 || header.mtimeNs % 1_000_000_000n !== 0n) {
    records.set('mtime', Buffer.from(formatPaxTime(header.mtimeNs)))
  }
  for (const [name, value] of header.xattrs) {
    if (name.includes('=')) {
      throw invalidArchive(
        `the extended attribute "${name}" of ${quoteName(header.name)} cannot be in an archive: "=" in its name`,
      )
    }
    records.set(`SCHILY.xattr.${name}`, value)
  }
  return records
}

/** The ustar split of a long name: at the last slash that leaves at most 155 bytes before and 100 after it. */
function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (!isAscii(name)) return undefined
  let length = name.length
  if (length > 156) length = 156
  else if (name.endsWith('/')) length--
  const at = name.lastIndexOf('/', length - 1)
  const rest = name.length - at - 1
  if (at <= 0 || rest > 100 || rest === 0) return undefined
  return { prefix: name.slice(0, at), name: name.slice(at + 1) }
}

function asciiOnly(name: string): string {
  return name.replace(/[^\x01-\x7f]/g, '')
}

const scratch = Buffer.alloc(BLOCK)

function mainBlock(header: TarHeader, name: string, prefix: string): Uint8Array {
  const block = scratch
  block.fill(0)
  writeText(block, 0, 100, name)
  writeOctal(block, 100, 8, header.mode)
  writeOctal(block, 108, 8, header.uid)
  writeOctal(block, 116, 8, header.gid)
  writeOctal(block, 124, 12, header.size)
  writeOctal(block, 136, 12, Number(header.mtimeNs < 0n ? -1n : header.mtimeNs / 1_000_000_000n))
  writeText(block, 157, 100, asciiOnly(header.linkName))
  writeOctal(block, 329, 8, header.major)
  writeOctal(block, 337, 8, header.minor)
  writeText(block, 345, 155, prefix)
  finishBlock(block, typeFlags[header.type])
  return block
}

function writePaxBlock(block: Buffer, name: string, length: number): void {
  const slash = name.lastIndexOf('/')
  const directory = name.slice(0, slash + 1)
  const paxName = asciiOnly(`${directory}PaxHeaders.0/${name.slice(slash + 1)}`)
  writeText(block, 0, 100, paxName.slice(0, 100).replace(/\/+$/, ''))
  writeOctal(block, 100, 8, 0)
  writeOctal(block, 108, 8, 0)
  writeOctal(block, 116, 8, 0)
  writeOctal(block, 124, 12, length)
  writeOctal(block, 136, 12, 0)
  finishBlock(block, 'x')
}

/** A text longer than its field is cut; a slash at the cut is ended by a NUL, since readers take it for a directory's (as Go does). */
function writeText(block: Buffer, at: number, length: number, text: string): void {
  block.write(text.slice(0, length), at, 'latin1')
  if (text.length <= length || text[length - 1] !== '/') return
  block[at + text.slice(0, length - 1).replace(/\/+$/, '').length] = 0
}

/** A number that does not fit its field is written as 0: its PAX record tells it. */
function writeOctal(block: Buffer, at: number, length: number, value: number): void {
  const digits = value.toString(8)
  const fits = value >= 0 && digits.length < length
  block.write((fits ? digits : '0').padStart(length - 1, '0'), at, 'latin1')
}

function finishBlock(block: Buffer, typeFlag: string): void {
  block.write(typeFlag, 156, 'latin1')
  block.write('ustar\0' + '00', 257, 'latin1')
  let sum = 8 * 0x20
  // Twice as fast as iterating over the block, and this runs for every entry.
  for (let index = 0; index < BLOCK; index++) sum += block[index] ?? 0
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}
