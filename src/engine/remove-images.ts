import { type DiffId, type Digest, ToolError } from '../base/index.ts'
import { openContainers } from '../container/index.ts'
import type { StoredReference } from '../ports/index.ts'
import { sweepSandboxes } from '../sandbox/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { type ImageUser, type ImageUsers, imageUsers } from './image-users.ts'
import { splitName } from './list-images.ts'
import { enterNamespace } from './namespace.ts'
import { recordImageEvent } from './record-event.ts'
import { type FoundImage, requireImage } from './require-image.ts'

/** What happened to a name or an image. */
export type Removal =
  | { readonly kind: 'untagged'; readonly name: string; readonly imageId: Digest }
  | { readonly kind: 'deleted'; readonly id: string }
  | { readonly kind: 'failed'; readonly error: ToolError }

export interface RemoveResult {
  readonly removals: readonly Removal[]
  /** Bytes of layers and blobs that went with the images. */
  readonly sizeBytes: number
  /** Bytes of layers that no image has any more and that stay as results of build steps. */
  readonly cachedBytes?: number
}

/**
 * Removes names, and images that have none left, with the layers that nothing else needs; a name or ID that cannot be
 * removed does not keep the others. As a user this starts the command anew in a namespace, where the files of
 * subordinate ids are its own.
 */
export async function removeImages(
  host: Host,
  root: string | undefined,
  names: readonly string[],
  force: boolean,
): Promise<RemoveResult> {
  const store = openStore(storeRoot(host, root))
  if (host.uid !== 0) await enterNamespace(host, store)
  const users = imageUsers({ host, store, containers: openContainers(store.root, host.pid) })
  const before = new Set(layersOfImages(store))
  const removals = names.flatMap((name) => {
    try {
      return removeOne(store, name, force, users)
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      return [{ kind: 'failed', error } as const]
    }
  })
  recordRemovals(store.root, host, removals)
  const isDeleted = removals.some((removal) => removal.kind === 'deleted')
  if (!isDeleted) return { removals, sizeBytes: 0 }
  const left = new Set(layersOfImages(store))
  const lost = new Set([...before].filter((diffId) => !left.has(diffId)))
  return { ...(await withLayers(store, host, removals)), cachedBytes: sizeOf(store, lost) }
}

function layersOfImages(store: Store): readonly DiffId[] {
  return store.images.imageIds().flatMap((id) => store.images.config(id)?.diffIds ?? [])
}

/** Bytes of those layers that are there. */
function sizeOf(store: Store, diffIds: Iterable<DiffId>): number {
  return [...diffIds].reduce(
    (sum, diffId) => sum + (store.layers.isPresent(diffId) ? (store.layers.layer(diffId)?.sizeBytes ?? 0) : 0),
    0,
  )
}

/** Writes down which names and images are gone. */
export function recordRemovals(root: string, host: Host, removals: readonly Removal[]): void {
  for (const removal of removals) {
    if (removal.kind === 'untagged') recordImageEvent(root, host, 'untag', removal.imageId, removal.name)
    else if (removal.kind === 'deleted') recordImageEvent(root, host, 'delete', removal.id, removal.id)
  }
}

/** Removes the layers that `removals` left without an image, and adds them. */
export async function withLayers(store: Store, host: Host, removals: readonly Removal[]): Promise<RemoveResult> {
  const [{ openSession }, { collectUnneeded }] = await Promise.all([
    import('../store/session.ts'),
    import('../store/collect.ts'),
  ])
  const session = openSession(store.root, host.nowMs(), (stale) => sweepSandboxes(stale))
  try {
    const { layers, sizeBytes } = await collectUnneeded(store, session, host.nowMs())
    const deleted = layers.map((layer) => ({ kind: 'deleted', id: layer.diffId }) as const)
    return { removals: [...removals, ...deleted], sizeBytes }
  } finally {
    await session.close()
  }
}

function removeOne(store: Store, text: string, force: boolean, users: ImageUsers): readonly Removal[] {
  const found = requireImage(store, text)
  const references = store.images.references().filter((reference) => reference.imageId === found.image.id)
  const names = found.name === undefined ? references : references.filter((reference) => reference.name === found.name)
  if (found.name === undefined) checkAmbiguity(text, found, references, force)
  if (names.length === references.length) checkUsers(text, users.get(found.image.id) ?? [], force)
  return [...untag(store, names), ...deleteUnnamed(store, found.image.id)]
}

/** Takes names off. A pulled one is told with its digest too. */
function untag(store: Store, references: readonly StoredReference[]): readonly Removal[] {
  return references.flatMap(({ name, imageId, pulledDigest }) => {
    if (!store.images.untag(name)) return []
    const pulled =
      pulledDigest === undefined || name.includes('@') ? [] : [`${splitName(name).repository}@${pulledDigest}`]
    return [name, ...pulled].map((one) => ({ kind: 'untagged', name: one, imageId }) as const)
  })
}

/** Removes an image and all its names. */
export function removeWhole(store: Store, id: Digest): readonly Removal[] {
  const references = store.images.references().filter((reference) => reference.imageId === id)
  return [...untag(store, references), ...deleteUnnamed(store, id)]
}

function deleteUnnamed(store: Store, id: Digest): readonly Removal[] {
  return store.images.remove(id) ? [{ kind: 'deleted', id }] : []
}

/** An image that a container was made of is removed by force only, and not at all while the container runs. */
function checkUsers(text: string, users: readonly ImageUser[], force: boolean): void {
  const user = users.find(({ isActive }) => isActive) ?? users[0]
  if (user === undefined || (force && !user.isActive)) return
  const state = user.isActive ? 'running' : 'stopped'
  throw new ToolError('image-in-use', `the image ${text} is used by the ${state} container ${user.name}`, {
    hint: user.isActive
      ? `remove it first: longshore rm -f ${user.name}`
      : `remove it first (longshore rm ${user.name}), or force it with -f; the container keeps its files`,
  })
}

function checkAmbiguity(text: string, found: FoundImage, references: readonly StoredReference[], force: boolean): void {
  const repositories = new Set(references.map((reference) => splitName(reference.name).repository))
  if (force || repositories.size <= 1) return
  throw new ToolError('image-in-use', `the image ${text} has names in several repositories`, {
    hint: `remove its names (${references.map((reference) => reference.name).join(', ')}), or force it with -f`,
    details: { id: found.image.id },
  })
}
