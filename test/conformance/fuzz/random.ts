import { invariant } from '../../../src/base/index.ts'

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }

  /** True in `percent` of a hundred calls. */
  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    invariant(item !== undefined || items.length > 0, 'nothing to pick from')
    return item as T
  }

  /** From `least` to `most` items. */
  list<T>(least: number, most: number, item: () => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, item)
  }
}
