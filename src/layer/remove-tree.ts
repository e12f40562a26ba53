import { readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { nameOf, osPath } from './byte-name.ts'
import { lstatIfAny } from './rooted-tree.ts'

/** Removes what is at `at`: a directory with all below it, anything else by itself. Links are not followed. */
export function removeTree(at: string | Buffer): void {
  if (!lstatIfAny(at)?.isDirectory()) {
    unlinkSync(at)
    return
  }
  const path = typeof at === 'string' ? at : nameOf(at)
  for (const child of readdirSync(at, 'latin1')) removeTree(osPath(`${path}/${child}`))
  rmdirSync(at)
}
