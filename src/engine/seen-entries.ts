import type { GuardedPlace } from '../remote-cache/index.ts'

/** What a build has learnt of the entries of cache places: one that was found need not be sent, a broken one must be. */
export class SeenEntries {
  readonly #found = new Map<string, Set<string>>()
  readonly #broken = new Map<string, Set<string>>()

  found({ place }: GuardedPlace, entry: string): void {
    note(this.#found, place.name, entry)
  }

  broken({ place }: GuardedPlace, entry: string): void {
    note(this.#broken, place.name, entry)
  }

  /** Undefined when nothing is known. A place is known by its name, whether read or written. */
  state({ place }: GuardedPlace, entry: string): 'found' | 'broken' | undefined {
    if (this.#broken.get(place.name)?.has(entry) === true) return 'broken'
    return this.#found.get(place.name)?.has(entry) === true ? 'found' : undefined
  }
}

function note(map: Map<string, Set<string>>, place: string, entry: string): void {
  map.set(place, (map.get(place) ?? new Set()).add(entry))
}
