import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { errnoCode } from '../base/index.ts'

/**
 * Makes a directory and the missing ones above it; no-op when it is there. (Node's own recursion never ends on a file system
 * that takes none, such as /proc.) Throws as mkdir(2).
 */
export function makeDirectory(path: string): void {
  if (existsSync(path)) return
  if (!existsSync(dirname(path))) makeDirectory(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process was first.
    if (errnoCode(error) !== 'EEXIST') throw error
  }
}
