import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errnoCode, storeAction, storeError } from '../base/index.ts'

/** A fresh path in the store's `tmp` directory (same file system, so that a rename from it is atomic). */
export function temporaryPath(root: string): string {
  return join(root, 'tmp', randomBytes(9).toString('hex'))
}

/**
 * Writes `bytes` to `path` so that a reader sees the old file or the whole new one, never a part. Makes the parent
 * directory. `flushed` keeps that promise over a power cut too, for about a millisecond; without it the file may
 * then be empty or cut short, and its reader must notice.
 */
export function writeAtomic(root: string, path: string, bytes: string | Uint8Array, flush?: 'flushed'): void {
  storeAction(`write ${path}`, () => {
    const temporary = temporaryPath(root)
    try {
      writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o644, flush: flush === 'flushed' })
      renameInto(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  })
}

/** rename(2) that makes the parent directory of `path` when it is missing. */
export function renameInto(from: string, path: string): void {
  try {
    renameSync(from, path)
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error
    mkdirSync(dirname(path), { recursive: true })
    renameSync(from, path)
  }
}

/** The bytes of a file, or undefined when there is none. */
export function readIfExists(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined
    throw storeError(`read ${path}`, error)
  }
}

/** Parses a JSON file of the store; undefined when it is missing, broken or refused by `decode`, all of which mean "not there". */
export function readJson<T>(path: string, decode: (value: unknown) => T | undefined): T | undefined {
  const bytes = readIfExists(path)
  if (bytes === undefined) return undefined
  try {
    return decode(JSON.parse(bytes.toString('utf8')))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
