import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'
import { setTimes } from '../sys/index.ts'
import { nameOfText, osPath } from './byte-name.ts'

/**
 * Dates everything in a layer directory, itself included, to `seconds` since 1970: what is later is lowered, and with
 * `set` what is earlier is raised, too. Whiteouts have no times. Links are not followed.
 */
export function dateTree(directory: string, seconds: number, rule: 'lowered' | 'set'): void {
  const timeNs = BigInt(seconds) * 1_000_000_000n
  const isWrong = (stats: BigIntStats): boolean => (rule === 'set' ? stats.mtimeNs !== timeNs : stats.mtimeNs > timeNs)
  const visit = (path: string): void => {
    const at = osPath(path)
    const stats = lstatSync(at, { bigint: true })
    const isWhiteout = stats.isCharacterDevice() && stats.rdev === 0n
    if (isWhiteout) return
    if (stats.isDirectory()) for (const name of readdirSync(at, 'latin1')) visit(`${path}/${name}`)
    if (isWrong(stats)) setTimes(at, timeNs)
  }
  visit(nameOfText(directory))
}
