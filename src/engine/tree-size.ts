import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'

/** Bytes of the files below `directory`, each counted once. */
export function treeSize(directory: string): number {
  const seen = new Set<number>()
  const walk = (path: string): number => {
    let names: readonly string[]
    try {
      names = readdirSync(path)
    } catch (error) {
      if (errnoCode(error) === 'ENOTDIR') return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0
      if (errnoCode(error) === 'EACCES' || errnoCode(error) === 'ENOENT') return 0
      throw error
    }
    return names.reduce((sum, name) => {
      const stat = lstatSync(join(path, name), { throwIfNoEntry: false })
      if (stat === undefined || (stat.nlink > 1 && !stat.isDirectory() && seen.has(stat.ino))) return sum
      seen.add(stat.ino)
      return sum + (stat.isDirectory() ? walk(join(path, name)) : stat.size)
    }, 0)
  }
  return walk(directory)
}
