import { lstatSync } from 'node:fs'
import { baseName, parentPath } from '../base/index.ts'
import { setTimes } from '../sys/index.ts'
import type { Rooted } from './rooted.ts'

/**
 * Times that directories get when everything is written: one that only gained entries its own back, one that was made
 * implicitly the epoch, one that was copied its source's. So a layer is a function of what went into it.
 */
export class DirectoryTimes {
  readonly #rooted: Rooted
  readonly #times = new Map<string, bigint>()

  constructor(rooted: Rooted) {
    this.#rooted = rooted
  }

  /** Notes the time of a directory before something in it changes; the first note counts. */
  keep(directory: string): void {
    if (this.#times.has(directory)) return
    this.#times.set(directory, lstatSync(this.#path(directory), { bigint: true }).mtimeNs)
  }

  /** Decides the time of a directory that was made or copied. */
  set(directory: string, timeNs: bigint): void {
    this.#times.set(directory, timeNs)
  }

  /** Sets all times, the deepest directories first, since setting one changes none above. */
  apply(): void {
    const deepestFirst = [...this.#times].sort(([a], [b]) => b.split('/').length - a.split('/').length)
    for (const [directory, timeNs] of deepestFirst) setTimes(this.#path(directory), timeNs)
  }

  #path(directory: string): Buffer {
    return directory === '' ? this.#rooted.at('', '.') : this.#rooted.at(parentPath(directory), baseName(directory))
  }
}
