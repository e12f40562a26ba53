import { archiveTooLarge, invalidArchive } from './archive-error.ts'
import { quoteName } from './byte-name.ts'

/** Text of a fixed field: up to its first NUL, as a byte string. */
export function fieldText(block: Buffer, at: number, length: number): string {
  const text = block.toString('latin1', at, at + length)
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

/**
 * Number of a fixed field: octal digits between blanks or NULs, or base-256 when its first bit is set (two's
 * complement, big-endian). An empty field is 0. Throws `archive-invalid`, or `archive-too-large` past 2^53.
 */
export function fieldNumber(block: Buffer, at: number, length: number, what: string): number {
  if ((block[at] ?? 0) & 0x80) return base256(block, at, length, what)
  let value = 0
  let index = skipBlanks(block, at, at + length)
  for (; index < at + length; index++) {
    const byte = block[index] ?? 0
    if (byte === 0 || byte === 0x20) break
    if (byte < 0x30 || byte > 0x37) throw notOctal(block, at, length, what)
    value = value * 8 + byte - 0x30
  }
  if (skipBlanks(block, index, at + length) < at + length && block[index] !== 0) throw notOctal(block, at, length, what)
  return value
}

/** First offset from `at` whose byte is neither blank nor NUL; `end` when there is none. */
function skipBlanks(block: Buffer, at: number, end: number): number {
  let index = at
  while (index < end && (block[index] === 0x20 || block[index] === 0)) index++
  return index
}

function notOctal(block: Buffer, at: number, length: number, what: string): Error {
  return invalidArchive(
    `the ${what} of a tar header is ${quoteName(block.toString('latin1', at, at + length))}, which is no octal number`,
  )
}

function base256(block: Buffer, at: number, length: number, what: string): number {
  const negative = ((block[at] ?? 0) & 0x40) !== 0
  let value = negative ? -1n : 0n
  for (let index = 0; index < length; index++) {
    const byte = block[at + index] ?? 0
    const bits = index === 0 ? (negative ? byte | 0x80 : byte & 0x7f) : byte
    value = index === 0 && negative ? BigInt(bits) - 256n : (value << 8n) | BigInt(bits)
  }
  const result = Number(value)
  if (!Number.isSafeInteger(result)) throw archiveTooLarge(`the ${what} ${value} of a tar header is too large`)
  return result
}

/** True when the header's checksum holds; sums of signed bytes, which old tars wrote, count too. */
export function checksumHolds(block: Buffer): boolean {
  let unsigned = 8 * 0x20
  let high = 0
  for (let index = 0; index < 512; index++) {
    if (index >= 148 && index < 156) continue
    const byte = block[index] ?? 0
    unsigned += byte
    if (byte >= 0x80) high++
  }
  const text = fieldText(block, 148, 8).trim()
  if (!/^[0-7]+$/.test(text)) return false
  const stored = Number.parseInt(text, 8)
  return stored === unsigned || stored === unsigned - 256 * high
}

const zeroBlock = Buffer.alloc(512)

/** True for a block of zeros, the mark of an archive's end. */
export function isZeroBlock(block: Buffer): boolean {
  return block.equals(zeroBlock)
}
