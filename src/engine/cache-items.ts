import { type DiffId, digestHex, type StepKey } from '../base/index.ts'
import { fetchedThings, removeFetched } from '../remote/tree-cache.ts'
import { cacheMounts, removeCacheMount } from '../store/cache-mounts.ts'
import { leasedLayers } from '../store/collect.ts'
import { failedStepDirectory, failedSteps, removeFailedStep } from '../store/failed-steps.ts'
import type { Store } from '../store/index.ts'
import { oldTraces, removeTraces } from '../store/traces.ts'
import type { UseBook } from '../store/uses.ts'
import type { CacheEntry } from './choose-evictions.ts'
import { treeSize } from './tree-size.ts'

/** What grows in a store, besides images, containers and volumes. */
export const cacheKinds = ['step', 'failed', 'fetched', 'mount', 'copy', 'log'] as const
export type CacheKind = (typeof cacheKinds)[number]

/** Something of the cache, and how it is removed. */
export interface CacheItem extends CacheEntry {
  readonly kind: CacheKind
  /** What it is, for people. */
  readonly text: string
  /** A result that an image has too: removing it frees nothing, and its step runs again. */
  readonly isShared: boolean
  /** A running command uses it. */
  readonly isLeased: boolean
  /** False when it stays, since somebody uses it. Call it inside the namespace. */
  remove(): boolean
}

export interface CacheWishes {
  /** Also what images have, and the last build of each project. */
  readonly all: boolean
  /** Also compressed copies of layers. */
  readonly copies: boolean
  readonly kinds?: ReadonlySet<CacheKind>
}

/** What is fetched or mounted is guessed to come at this pace, what is compressed at that. */
const fetchBytesPerMs = 10_000
const compressBytesPerMs = 50_000

/** All of the cache that may be removed. Reads every record; directories that are not layers are measured. */
export function cacheItems(store: Store, { all, copies, kinds }: CacheWishes): readonly CacheItem[] {
  const wanted = (kind: CacheKind): boolean => kinds === undefined || kinds.has(kind)
  const book = store.uses.read()
  return [
    ...(wanted('step') ? stepItems(store, book, all) : []),
    ...(wanted('failed') ? failedItems(store, book) : []),
    ...(wanted('fetched') ? fetchedItems(store, book) : []),
    ...(wanted('mount') ? mountItems(store, book) : []),
    ...(wanted('copy') && copies ? copyItems(store, book) : []),
    ...(wanted('log') ? logItems(store, book, all) : []),
  ]
}

type Rest = Omit<CacheItem, 'uses' | 'buildsSince' | 'isShared' | 'isLeased'>

/** An item of which only the last use is known. */
function item(book: UseBook, rest: Rest): CacheItem {
  return { ...rest, uses: 1, buildsSince: book.buildsSince(rest.usedMs), isShared: false, isLeased: false }
}

interface Results {
  readonly text: string
  readonly keys: readonly StepKey[]
  readonly rebuildMs: number
  readonly uses: number
  readonly usedMs: number
}

/** The layers that results lead to. Those of images free nothing, and are listed only with `all`. */
function stepItems(store: Store, book: UseBook, all: boolean): readonly CacheItem[] {
  const ofImages = new Set(store.images.imageIds().flatMap((id) => store.images.config(id)?.diffIds ?? []))
  const leased = new Set(leasedLayers(store.root))
  const found = new Map<DiffId, Results>()
  for (const { record, usedMs } of store.records.entries()) {
    const { diffId, key, text, durationMs } = record
    if (ofImages.has(diffId) && !all) continue
    const known = found.get(diffId)
    const use = book.use(key)
    found.set(diffId, {
      text: known?.text ?? text,
      rebuildMs: Math.max(durationMs, known?.rebuildMs ?? 0),
      usedMs: Math.max(use?.usedMs ?? usedMs, known?.usedMs ?? 0),
      uses: (use?.uses ?? 1) + (known?.uses ?? 0),
      keys: [...(known?.keys ?? []), key],
    })
  }
  return [...found].map(([diffId, { keys, ...rest }]): CacheItem => {
    const isShared = ofImages.has(diffId)
    return {
      ...rest,
      kind: 'step',
      id: digestHex(diffId).slice(0, 12),
      isShared,
      isLeased: leased.has(store.layers.name(diffId)),
      sizeBytes: isShared ? 0 : (store.layers.layer(diffId)?.sizeBytes ?? 0),
      buildsSince: book.buildsSince(rest.usedMs),
      remove() {
        for (const key of keys) store.records.remove(key)
        return true
      },
    }
  })
}

function failedItems(store: Store, book: UseBook): readonly CacheItem[] {
  return failedSteps(store.root).map(({ id, created, label }) =>
    item(book, {
      ...{ kind: 'failed', id, text: label, rebuildMs: 0, usedMs: Date.parse(created) },
      sizeBytes: treeSize(failedStepDirectory(store.root, id)),
      remove: () => removeFailedStep(store.root, id),
    }),
  )
}

const fetchedTexts = {
  tree: 'files of an address or archive',
  input: 'a context from standard input',
  repository: 'a git repository',
  temporary: 'what a killed command left',
} as const

function fetchedItems(store: Store, book: UseBook): readonly CacheItem[] {
  const root = store.cachePath('remote')
  return fetchedThings(root).map((found) => {
    const sizeBytes = treeSize(found.path)
    return item(book, {
      ...{ kind: 'fetched', id: found.path.slice(found.path.lastIndexOf('/') + 1).slice(0, 12), sizeBytes },
      ...{ text: fetchedTexts[found.kind], rebuildMs: sizeBytes / fetchBytesPerMs, usedMs: found.usedMs },
      remove: () => removeFetched(root, found),
    })
  })
}

function mountItems(store: Store, book: UseBook): readonly CacheItem[] {
  return cacheMounts(store.root).map((mount) => {
    const sizeBytes = treeSize(mount.directory)
    const [name = '', slot = ''] = mount.directory.split('/').slice(-3)
    return item(book, {
      ...{ kind: 'mount', id: `${name.slice(0, 10)}-${slot}`, text: `--mount=type=cache,id=${mount.id}`, sizeBytes },
      ...{ rebuildMs: sizeBytes / fetchBytesPerMs, usedMs: mount.usedMs },
      remove: () => removeCacheMount(store.root, mount),
    })
  })
}

/** Compressed copies that pushes made. */
function copyItems(store: Store, book: UseBook): readonly CacheItem[] {
  const leased = new Set(leasedLayers(store.root))
  return store.layers.allForms().map(({ layer, method, blob, usedMs }) => ({
    ...item(book, {
      ...{ kind: 'copy', id: digestHex(blob.digest).slice(0, 12), text: `${method} copy of a layer`, usedMs },
      ...{ sizeBytes: blob.size, rebuildMs: blob.size / compressBytesPerMs },
      remove() {
        store.layers.forgetForm(layer.diffId, method)
        return store.blobs.remove(blob.digest)
      },
    }),
    isLeased: leased.has(store.layers.name(layer.diffId)),
  }))
}

function logItems(store: Store, book: UseBook, all: boolean): readonly CacheItem[] {
  return oldTraces(store.root, all).map((traces) =>
    item(book, {
      ...{ kind: 'log', id: traces.project.slice(0, 12), rebuildMs: 0, usedMs: traces.usedMs },
      ...{ text: `${traces.builds} builds that why and logs tell of`, sizeBytes: traces.sizeBytes },
      remove() {
        removeTraces(store.root, traces)
        return true
      },
    }),
  )
}
