import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errnoCode, storeAction } from '../base/index.ts'

/** Writes a file that others see whole or not at all, also after a power cut. For its owner's eyes alone. */
export function writeWhole(path: string, bytes: string | Uint8Array): void {
  storeAction(`write ${path}`, () => {
    const fresh = join(dirname(path), `.${randomBytes(6).toString('hex')}`)
    try {
      writeFileSync(fresh, bytes, { flag: 'wx', mode: 0o600, flush: true })
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
