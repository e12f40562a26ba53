import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errnoCode, storeAction } from '../base/index.ts'

/**
 * Writes a file that others see whole or not at all, also after a power cut. Its directory must be there: one that was removed is
 * not made again. For its owner's eyes alone, unless `mode` says otherwise. No FFI here: whoever needs only this imports the file.
 */
export function writeWhole(path: string, bytes: string | Uint8Array, mode = 0o600): void {
  storeAction(`write ${path}`, () => {
    const fresh = join(dirname(path), `.${randomBytes(6).toString('hex')}`)
    try {
      writeFileSync(fresh, bytes, { flag: 'wx', mode, flush: true })
      renameSync(fresh, path)
    } catch (error) {
      rmSync(fresh, { force: true })
      throw error
    }
  })
}

/** The bytes of a file; undefined when there is none. */
export function readWhole(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined
    return storeAction(`read ${path}`, () => {
      throw error
    })
  }
}
