import { readSync } from 'node:fs'

/** Where two files of different content differ first, and what each has there. */
export interface ContentDifference {
  /** From 0. */
  readonly offset: number
  /** From 1; absent when what is there is no text. */
  readonly line?: number
  /** The line, or bytes in hex. */
  readonly first: string
  readonly second: string
}

const chunkSize = 64 * 1024
/** How much of a line is shown on each side of the place. */
const shownBefore = 60
const shownAfter = 100

/** Compares what is behind two descriptors from the start of each; undefined when it is the same. */
export function compareContent(first: number, second: number): ContentDifference | undefined {
  const [a, b] = [Buffer.alloc(chunkSize), Buffer.alloc(chunkSize)]
  let lines = 1
  for (let base = 0; ; base += chunkSize) {
    const [inA, inB] = [readAt(first, a, base), readAt(second, b, base)]
    if (inA.equals(inB)) {
      if (inA.length < chunkSize) return undefined
      lines += newlines(inA)
      continue
    }
    let at = 0
    while (at < inA.length && at < inB.length && inA[at] === inB[at]) at++
    return describe(first, second, base + at, lines + newlines(inA.subarray(0, at)))
  }
}

function describe(first: number, second: number, offset: number, line: number): ContentDifference {
  const [a, b] = [around(first, offset), around(second, offset)]
  if (a.text !== undefined && b.text !== undefined) return { offset, line, first: a.text, second: b.text }
  return { offset, first: a.hex, second: b.hex }
}

/** The line around a place when that is text, and the 16 bytes from there on. */
function around(fd: number, offset: number): { readonly text: string | undefined; readonly hex: string } {
  const from = Math.max(0, offset - shownBefore)
  const bytes = readAt(fd, Buffer.alloc(offset - from + shownAfter), from)
  const at = offset - from
  const hex = bytes
    .subarray(at, at + 16)
    .toString('hex')
    .replace(/(..)(?!$)/g, '$1 ')
  const end = bytes.indexOf(10, at)
  // A search backwards from -1 would begin at the end.
  const begin = at === 0 ? 0 : bytes.lastIndexOf(10, at - 1) + 1
  const line = bytes.subarray(begin, end < 0 ? bytes.length : end)
  // A cut in the middle of a character is no reason to call it binary.
  const text = line.toString('utf8').replace(/^\uFFFD{1,3}|\uFFFD{1,3}$/g, '')
  return { text: /[\0\uFFFD]/.test(text) ? undefined : text, hex: hex === '' ? 'the end of the file' : hex }
}

function readAt(fd: number, buffer: Buffer, position: number): Buffer {
  let length = 0
  for (let count = -1; count !== 0 && length < buffer.length; length += count)
    count = readSync(fd, buffer, length, buffer.length - length, position + length)
  return buffer.subarray(0, length)
}

function newlines(bytes: Uint8Array): number {
  let count = 0
  for (const byte of bytes) if (byte === 10) count++
  return count
}
