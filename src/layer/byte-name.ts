import { sanitizeForTerminal } from '../base/index.ts'

/**
 * Linux file names are bytes, not text. In this room a name or path is a "byte string": a JavaScript string whose
 * every char is one byte (latin1). It sorts in byte order by code unit, survives any bytes, and turns into what
 * `node:fs` takes through `osPath` alone. Never print one without `quoteName`, never pass one to `fs` bare.
 */

/** The byte string of raw bytes. */
export function nameOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The byte string of a text in UTF-8, for paths that come from our own options. */
export function nameOfText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

/** The raw bytes of a byte string. */
export function nameBytes(name: string): Buffer {
  return Buffer.from(name, 'latin1')
}

/** True when every byte is below 0x80 and none is NUL: what a ustar field may hold. */
export function isAscii(name: string): boolean {
  return !/[^\x01-\x7f]/.test(name)
}

/** What `node:fs` and `src/sys` take for a byte string: the string itself when it is ASCII, else its bytes. */
export function osPath(name: string): string | Buffer {
  return isAscii(name) ? name : Buffer.from(name, 'latin1')
}

/** A byte string in double quotes for a message: read as UTF-8, control characters made visible, cut at 200. */
export function quoteName(name: string): string {
  const text = nameBytes(name).toString('utf8')
  return `"${sanitizeForTerminal(text.length > 200 ? `${text.slice(0, 200)}…` : text)}"`
}

/**
 * The components of an archive path, cleaned without looking at the disk: no empty ones, no `.`, and `..` goes up but
 * never above the top (security 3). An empty list is the top itself.
 */
export function cleanComponents(name: string): string[] {
  const result: string[] = []
  for (const component of name.split('/')) {
    if (component === '..') result.pop()
    else if (component !== '' && component !== '.') result.push(component)
  }
  return result
}
