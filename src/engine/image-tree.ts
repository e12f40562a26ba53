import { closeSync, constants, openSync } from 'node:fs'
import { compareCodeUnits, type DiffId, decodePath, invariant, printablePath, sanitizeLine } from '../base/index.ts'
import { nameBytes, nameOfText, osPath } from '../layer/byte-name.ts'
import { compareContent } from '../layer/compare-content.ts'
import { attributes, FileStack, type LayerChange, type StackedEntry, type StackNode } from '../layer/file-stack.ts'
import type { StoredImage } from '../ports/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { openSession } from '../store/session.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { leaseLayers } from './lease-layers.ts'
import { enterNamespace } from './namespace.ts'
import { namesOf, requireImage } from './require-image.ts'
import { unpackLayers } from './unpack-layers.ts'

/** A path as a line shows it: bytes that are no text, controls and line ends are written out. */
export interface ShownChange extends LayerChange {
  /** With a leading slash. */
  readonly path: string
}

/** Bytes at one path that the image carries and nobody sees. */
export interface WastedPath {
  readonly path: string
  readonly sizeBytes: number
  /** How many layers have a file there that a later one hides. */
  readonly times: number
}

/** A layer, and what it does. */
export interface TreeLayer {
  readonly diffId: DiffId
  /** The instruction that made it, as the history says. */
  readonly createdBy: string
  /** Of its tar, uncompressed. */
  readonly sizeBytes: number
  /** Bytes of its files that later layers replace or remove. */
  readonly wastedBytes: number
  readonly changes: readonly ShownChange[]
}

/** An image taken apart. */
export interface ImageTree {
  readonly id: string
  readonly names: readonly string[]
  readonly sizeBytes: number
  readonly wastedBytes: number
  readonly layers: readonly TreeLayer[]
  /** The largest first. */
  readonly wasted: readonly WastedPath[]
}

/** A path that two images have differently. */
export interface ImageChange {
  readonly kind: 'A' | 'C' | 'D'
  readonly path: string
  readonly type: StackedEntry['type']
  /** What differs of a changed one. */
  readonly what?: 'type' | 'content' | 'mode' | 'owner' | 'link' | 'device' | 'attributes'
  readonly beforeBytes: number
  readonly afterBytes: number
}

/** Two images side by side. */
export interface ImageDifference {
  readonly first: Omit<ImageTree, 'layers' | 'wasted'>
  readonly second: Omit<ImageTree, 'layers'>
  readonly changes: readonly ImageChange[]
}

interface Stacked {
  readonly tree: ImageTree
  readonly root: StackNode
  readonly image: StoredImage
}

/**
 * What each layer of an image adds, changes and removes, and which bytes are wasted. As a user this starts the command anew
 * in a namespace, where the files of all owners can be read. Throws `ToolError` `image-not-found`.
 */
export async function imageTree(host: Host, root: string | undefined, text: string): Promise<ImageTree> {
  return withImages(host, root, [text], ([stacked]) => stacked?.tree)
}

/** How the files of two images differ, whatever their layers. Times are not looked at. Else as `imageTree`. */
export async function imageDifference(
  host: Host,
  root: string | undefined,
  texts: readonly [string, string],
): Promise<ImageDifference> {
  return withImages(host, root, texts, ([first, second], store) => {
    if (first === undefined || second === undefined) return undefined
    const { layers: _, wasted: __, ...before } = first.tree
    const { layers: ___, ...after } = second.tree
    return { first: before, second: after, changes: [...compareTrees(store, first, second)] }
  })
}

async function withImages<T>(
  host: Host,
  root: string | undefined,
  texts: readonly string[],
  look: (images: readonly Stacked[], store: Store) => T | undefined,
): Promise<T> {
  const store = openStore(storeRoot(host, root))
  for (const text of texts) requireImage(store, text)
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  try {
    const images = texts.map((text) => requireImage(store, text).image)
    const layers = images.flatMap((image) => image.layers)
    leaseLayers(store, session, layers)
    await unpackLayers({ store, session, overlay: overlayXattrs(host) }, layers)
    const found = look(
      images.map((image) => stack(host, store, image)),
      store,
    )
    invariant(found !== undefined, 'an image for each text')
    return found
  } finally {
    await session.close()
  }
}

function stack(host: Host, store: Store, image: StoredImage): Stacked {
  const files = new FileStack()
  const instructions = image.config.history.filter(({ emptyLayer }) => emptyLayer !== true)
  const changes = image.layers.map(({ diffId }) =>
    files.add(store.layers.treePath(diffId), { overlay: overlayXattrs(host) }).map(shown),
  )
  const wastedOf = (layer: number): number => sum(files.wasted.filter((file) => file.layer === layer))
  const layers = image.layers.map(
    ({ diffId, sizeBytes }, at): TreeLayer => ({
      diffId,
      createdBy: sanitizeLine(instructions[at]?.createdBy ?? ''),
      sizeBytes,
      wastedBytes: wastedOf(at),
      changes: changes[at] ?? [],
    }),
  )
  const tree = {
    id: image.id,
    names: namesOf(store, image),
    sizeBytes: sum(image.layers),
    wastedBytes: sum(files.wasted),
    layers,
    wasted: wastedPaths(files),
  }
  return { tree, root: files.root, image }
}

function sum(all: readonly { readonly sizeBytes: number }[]): number {
  return all.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
}

function shown<Change extends { readonly path: string }>(change: Change): Change {
  return { ...change, path: shownPath(change.path) }
}

function shownPath(path: string): string {
  return `/${sanitizeLine(printablePath(decodePath(nameBytes(path))))}`
}

function wastedPaths({ wasted }: FileStack): readonly WastedPath[] {
  const byPath = new Map<string, WastedPath>()
  for (const { path, sizeBytes } of wasted) {
    const known = byPath.get(path)
    if (sizeBytes === 0) continue
    byPath.set(path, {
      path: shownPath(path),
      sizeBytes: sizeBytes + (known?.sizeBytes ?? 0),
      times: 1 + (known?.times ?? 0),
    })
  }
  return [...byPath.values()].sort((a, b) => b.sizeBytes - a.sizeBytes || compareCodeUnits(a.path, b.path))
}

function* compareTrees(store: Store, first: Stacked, second: Stacked): Generator<ImageChange> {
  const walk = function* (a: StackNode | undefined, b: StackNode | undefined, path: string): Generator<ImageChange> {
    const change = compareNodes(store, first, second, path, a?.entry, b?.entry)
    if (change !== undefined) yield change
    const names = new Set([...(a?.children.keys() ?? []), ...(b?.children.keys() ?? [])])
    for (const name of [...names].sort(compareCodeUnits)) {
      yield* walk(a?.children.get(name), b?.children.get(name), path === '' ? name : `${path}/${name}`)
    }
  }
  yield* walk(first.root, second.root, '')
}

function compareNodes(
  store: Store,
  { image: firstImage }: Stacked,
  { image: secondImage }: Stacked,
  path: string,
  a: StackedEntry | undefined,
  b: StackedEntry | undefined,
): ImageChange | undefined {
  const is = b ?? a
  if (is === undefined) return undefined
  const common = { path: shownPath(path), type: is.type, beforeBytes: a?.size ?? 0, afterBytes: b?.size ?? 0 }
  if (a === undefined) return { ...common, kind: 'A' }
  if (b === undefined) return { ...common, kind: 'D' }
  const [below, above] = [firstImage.layers[a.layer]?.diffId, secondImage.layers[b.layer]?.diffId]
  if (below === undefined || above === undefined || below === above) return undefined
  const what = differingPart(a, b, () => {
    const open = (diffId: DiffId): number =>
      openSync(
        osPath(`${nameOfText(store.layers.treePath(diffId))}/${path}`),
        constants.O_RDONLY | constants.O_NOFOLLOW,
      )
    const fds = [open(below), open(above)] as const
    try {
      return compareContent(...fds) === undefined
    } finally {
      for (const fd of fds) closeSync(fd)
    }
  })
  return what === undefined ? undefined : { ...common, kind: 'C', what }
}

function differingPart(a: StackedEntry, b: StackedEntry, sameContent: () => boolean): ImageChange['what'] {
  if (a.type !== b.type) return 'type'
  if (a.target !== b.target) return 'link'
  if (a.major !== b.major || a.minor !== b.minor) return 'device'
  if (a.type === 'file' && (a.size !== b.size || !sameContent())) return 'content'
  if (a.mode !== b.mode) return 'mode'
  if (a.uid !== b.uid || a.gid !== b.gid) return 'owner'
  return attributes(a) === attributes(b) ? undefined : 'attributes'
}
