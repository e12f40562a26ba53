import { type DiffId, type Digest, ToolError } from '../base/index.ts'
import { openContainers } from '../container/index.ts'
import { formatPlatform, hostPlatform, type Platform } from '../oci/index.ts'
import type { StoredImage, StoredReference } from '../ports/index.ts'
import { sweepSandboxes } from '../sandbox/index.ts'
import { namedImages, openStore, type Store } from '../store/index.ts'
import { type Host, storeRoot } from './host.ts'
import { type ImageUser, type ImageUsers, imageUsers } from './image-users.ts'
import { splitName } from './list-images.ts'
import { enterNamespace } from './namespace.ts'
import { recordImageEvent } from './record-event.ts'
import { type FoundImage, referencesOf, requireImage, withoutImage } from './require-image.ts'

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

/** Names and IDs to remove. */
export interface RemoveRequest {
  readonly names: readonly string[]
  readonly force: boolean
  /** Of names with several images only the one for this platform. */
  readonly platform?: Platform
  readonly root?: string
}

/**
 * Removes names, and images that have none left, with the layers that nothing else needs; a name or ID that cannot be
 * removed does not keep the others. As a user this starts the command anew in a namespace, where the files of
 * subordinate ids are its own.
 */
export async function removeImages({ names, force, platform, root }: RemoveRequest, host: Host): Promise<RemoveResult> {
  const store = openStore(storeRoot(host, root))
  if (host.uid !== 0) await enterNamespace(host, store)
  const users = imageUsers({ host, store, containers: openContainers(store.root, host.pid) })
  const before = new Set(layersOfImages(store))
  const removals = names.flatMap((name) => {
    try {
      return removeOne({ store, users, force, host: hostPlatform(host.arch) }, name, platform)
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

interface RemoveRoom {
  readonly store: Store
  readonly users: ImageUsers
  readonly force: boolean
  /** The platform whose image a name stands for when it has several. */
  readonly host: Platform
}

function removeOne(room: RemoveRoom, text: string, platform: Platform | undefined): readonly Removal[] {
  const { store, users, force } = room
  const found = requireImage(store, text, platform)
  const references = referencesOf(store, found.image)
  const named = references.find((reference) => reference.name === found.name)
  if (named === undefined || platform !== undefined) {
    const from = named === undefined ? references : [named]
    if (named === undefined) checkAmbiguity(text, found, references, force)
    if (from.length === references.length) checkUsers(text, users.get(found.image.id) ?? [], force)
    return [
      ...from.flatMap((reference) => takeOff(room, reference, found.image)),
      ...deleteUnnamed(store, found.image.id),
    ]
  }
  const images = namedImages(named)
  for (const id of images) {
    if (referencesOf(store, { id }).length === 1) checkUsers(text, users.get(id) ?? [], force)
  }
  return [...untag(store, [named]), ...images.flatMap((id) => deleteUnnamed(store, id))]
}

/** Takes a name off an image; one with other images keeps those. */
function takeOff({ store, host }: RemoveRoom, reference: StoredReference, image: StoredImage): readonly Removal[] {
  if (namedImages(reference).length === 1) return untag(store, [reference])
  withoutImage(store, reference, image.id, host)
  return [{ kind: 'untagged', name: `${reference.name} (${formatPlatform(image.config.platform)})`, imageId: image.id }]
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

/** Removes an image and all its names; those with other images keep them. */
export function removeWhole(store: Store, id: Digest, host: Platform): readonly Removal[] {
  const image = store.images.image(id)
  const removals = referencesOf(store, { id }).flatMap((reference) => {
    if (image === undefined || namedImages(reference).length === 1) return untag(store, [reference])
    return takeOff({ store, host, users: new Map(), force: true }, reference, image)
  })
  return [...removals, ...deleteUnnamed(store, id)]
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
