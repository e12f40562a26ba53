import type { Span } from '../base/index.ts'

/** From here on, joined text runs along the source. */
interface Segment {
  readonly joined: number
  readonly source: number
}

/** Maps offsets of a joined line to the source it was put together from: every character to its own place. */
export class OffsetMap {
  readonly #segments: Segment[] = []

  /** Says that what is joined from `joined` on comes from `source` on. Calls come in rising order. */
  add(joined: number, source: number): void {
    if (this.#segments.at(-1)?.joined === joined) this.#segments.pop()
    this.#segments.push({ joined, source })
  }

  /** Source offset of the character at `joined`. */
  at(joined: number): number {
    let low = 0
    let high = this.#segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#segments[middle]?.joined ?? 0) <= joined) low = middle
      else high = middle - 1
    }
    const segment = this.#segments[low]
    return segment === undefined ? joined : segment.source + joined - segment.joined
  }

  /** Source span of the joined characters `start` to `end`; an empty range gives an empty span. */
  span(start: number, end: number): Span {
    if (end > start) return { start: this.at(start), end: this.at(end - 1) + 1 }
    const at = start > 0 ? this.at(start - 1) + 1 : this.at(0)
    return { start: at, end: at }
  }
}
