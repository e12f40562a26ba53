import type { Place } from './problem.ts'

/** Attributes of a target by the kind of their value. */
export const textFields = [
  'description',
  'context',
  'dockerfile',
  'dockerfile-inline',
  'target',
  'network',
  'shm-size',
  'call',
] as const
export const flagFields = ['pull', 'no-cache'] as const
export const listFields = [
  'inherits',
  'annotations',
  'tags',
  'platforms',
  'no-cache-filter',
  'ulimits',
  'entitlements',
] as const
export const mapFields = ['contexts', 'args', 'labels', 'extra-hosts'] as const
export const entryFields = ['attest', 'cache-from', 'cache-to', 'secret', 'ssh', 'output'] as const

export type TextField = (typeof textFields)[number]
export type FlagField = (typeof flagFields)[number]
export type ListField = (typeof listFields)[number]
export type MapField = (typeof mapFields)[number]
export type EntryField = (typeof entryFields)[number]
export type Field = TextField | FlagField | ListField | MapField | EntryField

/** One output, cache, secret, agent or attestation: `{ type = "registry", ref = "…" }`. `paths` of an agent are joined by commas. */
export type Entry = Readonly<Record<string, string>>

/** A target. A field that is absent was not said; lists and maps that were said may be empty. */
export interface BakeTarget {
  readonly name: string
  /** Where it is defined. */
  readonly place: Place
  readonly texts: ReadonlyMap<TextField, string>
  readonly flags: ReadonlyMap<FlagField, boolean>
  readonly lists: ReadonlyMap<ListField, readonly string[]>
  readonly maps: ReadonlyMap<MapField, ReadonlyMap<string, string>>
  readonly entries: ReadonlyMap<EntryField, readonly Entry[]>
  /** Where each field was said last. */
  readonly places: ReadonlyMap<Field, Place>
  /** It is there for other targets alone: it makes no image of its own. */
  readonly isLinked?: boolean
}

/** Several targets under one name. */
export interface BakeGroup {
  readonly name: string
  readonly place: Place
  readonly description?: string
  readonly targets: readonly string[]
}

/** Lists that the later one does not replace: it is added. */
const added: readonly Field[] = [
  'inherits',
  'annotations',
  'no-cache-filter',
  'ulimits',
  'entitlements',
  'attest',
  'secret',
  'ssh',
  'cache-from',
]

/** A target without anything said. */
export function emptyTarget(name: string, place: Place): BakeTarget {
  const none = new Map<never, never>()
  return { name, place, texts: none, flags: none, lists: none, maps: none, entries: none, places: none }
}

/**
 * What two targets say together: of a single value the later one counts, and of tags, platforms, cache-to and output; maps are
 * merged by key, all other lists put together (bake's rules for files, for blocks of one name, and for `inherits`).
 */
export function mergeTargets(first: BakeTarget, later: BakeTarget): BakeTarget {
  return {
    ...first,
    texts: new Map([...first.texts, ...later.texts]),
    flags: new Map([...first.flags, ...later.flags]),
    lists: mergedLists(first.lists, later.lists),
    entries: mergedLists(first.entries, later.entries),
    maps: mergedMaps(first.maps, later.maps),
    places: new Map([...first.places, ...later.places]),
  }
}

function mergedLists<F extends Field, T>(
  first: ReadonlyMap<F, readonly T[]>,
  later: ReadonlyMap<F, readonly T[]>,
): ReadonlyMap<F, readonly T[]> {
  const merged = new Map(first)
  for (const [field, list] of later) {
    merged.set(field, added.includes(field) ? [...(first.get(field) ?? []), ...list] : list)
  }
  return merged
}

function mergedMaps(first: BakeTarget['maps'], later: BakeTarget['maps']): BakeTarget['maps'] {
  const merged = new Map(first)
  for (const [field, map] of later) merged.set(field, new Map([...(first.get(field) ?? []), ...map]))
  return merged
}

/** The target as it is used: nothing twice, nothing empty, and what its network needs to be allowed. */
export function normalizeTarget(target: BakeTarget): BakeTarget {
  const lists = new Map(target.lists)
  if (target.texts.get('network') === 'host') {
    lists.set('entitlements', [...(lists.get('entitlements') ?? []), 'network.host'])
  }
  for (const [field, list] of lists)
    lists.set(
      field,
      [...new Set(list)].filter((item) => item !== ''),
    )
  const entries = new Map(target.entries)
  for (const [field, list] of entries) entries.set(field, uniqueEntries(field, list))
  const maps = new Map(target.maps)
  const contexts = maps.get('contexts')
  if (contexts !== undefined) maps.set('contexts', new Map([...contexts].filter(([, value]) => value !== '')))
  return { ...target, lists, entries, maps }
}

/** Of attestations of one type the last counts. */
function uniqueEntries(field: EntryField, list: readonly Entry[]): readonly Entry[] {
  const key = (entry: Entry): string =>
    field === 'attest'
      ? (entry['type'] ?? '')
      : JSON.stringify(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
  return [...new Map(list.map((entry) => [key(entry), entry])).values()]
}
