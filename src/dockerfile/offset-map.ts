import type { Span } from '../base/index.ts'

/** From here on, joined text runs along the source. */
interface Segment {
  readonly joined: number
  readonly source: number
}

/**
 * Maps offsets of a joined line to the source it was put together from: every character to its own place. Most lines
 * are of one piece, so segments are kept only from the second on.
 */
export class OffsetMap {
  #start = 0
  #segments: Segment[] | undefined

  /** Says that what is joined from `joined` on comes from `source` on. Calls come in rising order, the first with 0. */
  add(joined: number, source: number): void {
    if (joined === 0) {
      this.#start = source
      return
    }
    this.#segments ??= []
    if (this.#segments.at(-1)?.joined === joined) this.#segments.pop()
    this.#segments.push({ joined, source })
  }

  /** Source offset of the character at `joined`. */
  at(joined: number): number {
    const segments = this.#segments
    if (segments === undefined) return this.#start + joined
    let low = -1
    let high = segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((segments[middle]?.joined ?? 0) <= joined) low = middle
      else high = middle - 1
    }
    const segment = segments[low]
    return segment === undefined ? this.#start + joined : segment.source + joined - segment.joined
  }

  /** Source span of the joined characters `start` to `end`; an empty range gives an empty span. */
  span(start: number, end: number): Span {
    if (this.#segments === undefined) return { start: this.#start + start, end: this.#start + Math.max(start, end) }
    if (end > start) return { start: this.at(start), end: this.at(end - 1) + 1 }
    const at = start > 0 ? this.at(start - 1) + 1 : this.at(0)
    return { start: at, end: at }
  }
}
