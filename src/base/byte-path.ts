/**
 * File names are bytes on Linux and need not be UTF-8. Paths are strings here, where each byte that is no UTF-8 stands
 * as a lone surrogate U+DC80…U+DCFF (as Python's `surrogateescape` has it): nothing is lost, and every ordinary name
 * is plain text.
 */

/** True when a name as Node decoded it may have lost bytes, so that it must be read again as bytes. */
export function mayBeBroken(name: string): boolean {
  return name.includes('\ufffd')
}

/** Text of a path or name given in bytes. */
export function decodePath(bytes: Uint8Array): string {
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  if (!mayBeBroken(plain)) return plain
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at)
    if (length === 0) text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
    else text += Buffer.from(bytes.subarray(at, at + length)).toString('utf8')
    at += Math.max(1, length)
  }
  return text
}

/** Length of the valid UTF-8 sequence at `at` (Unicode table 3-7), or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  const length = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0
  const second = bytes[at + 1] ?? 0
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return 0
  if ((lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return 0
  for (let next = at + 1; next < at + length; next++) {
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0
  }
  return length
}

/** Bytes of a path: the reverse of `decodePath`. */
export function encodePath(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8')
  const parts: Buffer[] = []
  for (const char of text) {
    const code = char.charCodeAt(0)
    const escaped = char.length === 1 && code >= 0xdc80 && code <= 0xdcff
    parts.push(escaped ? Buffer.of(code & 0xff) : Buffer.from(char, 'utf8'))
  }
  return Buffer.concat(parts)
}

/** `text` as `node:fs` and the system calls take it: a string when it is plain text, else bytes. */
export function osPath(text: string): string | Buffer {
  return text.isWellFormed() ? text : encodePath(text)
}

/** Sorts names by their bytes, in place, and returns them. */
export function sortNames(names: string[]): string[] {
  // Code unit order is byte order as long as no surrogate, escaped byte or character above them takes part.
  if (names.every((name) => !/[\ud800-\uffff]/.test(name))) return names.sort()
  return names.sort((a, b) => Buffer.compare(encodePath(a), encodePath(b)))
}

/** A path for messages: escaped bytes are shown as `\xNN`. */
export function printablePath(text: string): string {
  if (text.isWellFormed()) return text
  return Array.from(text, (char) => {
    const code = char.charCodeAt(0)
    return char.length === 1 && code >= 0xdc80 && code <= 0xdcff ? `\\x${(code & 0xff).toString(16)}` : char
  }).join('')
}
