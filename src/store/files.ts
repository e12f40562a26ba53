import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errnoCode, errorMessage, ToolError } from '../base/index.ts'

/** Runs `action`, turning file-system errors into `ToolError` with a hint: `no-space`, `permission-denied`, else `store-failed`. */
export function storeAction<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof ToolError) throw error
    throw storeError(what, error)
  }
}

/** The `ToolError` for a file-system error met while doing `what`. */
export function storeError(what: string, error: unknown): ToolError {
  const code = errnoCode(error)
  const message = `cannot ${what}: ${errorMessage(error)}`
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ToolError('no-space', message, {
      hint: 'free some disk space, or put the store on a larger disk with --root DIR or LONGSHORE_ROOT',
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new ToolError('permission-denied', message, {
      hint: 'choose a store that you may write with --root DIR or LONGSHORE_ROOT',
      cause: error,
    })
  }
  return new ToolError('store-failed', message, {
    hint: 'look at what is at that path, or choose another place with --root DIR or LONGSHORE_ROOT',
    cause: error,
  })
}

/** A fresh path in the store's `tmp` directory (same file system, so that a rename from it is atomic). */
export function temporaryPath(root: string): string {
  return join(root, 'tmp', randomBytes(9).toString('hex'))
}

/** Writes `bytes` to `path` so that a reader sees the old file or the whole new one, never a part. Makes the parent directory. */
export function writeAtomic(root: string, path: string, bytes: string | Uint8Array): void {
  storeAction(`write ${path}`, () => {
    const temporary = temporaryPath(root)
    try {
      writeFileSync(temporary, bytes, { flag: 'wx', mode: 0o644 })
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
