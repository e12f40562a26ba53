import { createReadStream, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Digest, digestOf, errnoCode, errorMessage, invariant, ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import { hostPlatform, localName, type Platform, selectByPlatform } from '../oci/index.ts'
import { namedImages, openStore, type Store } from '../store/index.ts'
import { openSession, type Session } from '../store/session.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { directoryArchive, type ImageArchive, unpackImageArchive } from './image-archive.ts'
import { removedMeanwhile } from './lease-layers.ts'
import { indexMembers } from './name-pulled.ts'
import { enterNamespace } from './namespace.ts'
import { layerKeeper } from './pull-image.ts'
import { type ArchivedEntry, type ArchivedImage, readArchive } from './read-archive.ts'
import { recordImageEvent } from './record-event.ts'
import type { ImageSettings } from './stored-images.ts'
import { runTask } from './task.ts'

export interface LoadRequest {
  /** A file or directory; standard input when absent. */
  readonly input?: string
  readonly platform?: Platform
  /** Whether names that other images have stay with them. */
  readonly keepNames: boolean
  readonly root?: string
}

/** An image that was loaded. */
export interface LoadedImage {
  readonly id: Digest
  readonly names: readonly string[]
  /** Names that another image had before. */
  readonly replaced: readonly { readonly name: string; readonly id: Digest }[]
  /** Names it did not get, since another image has them. */
  readonly kept: readonly string[]
}

/**
 * Loads the images of an archive or a directory into the store; nothing is kept that its digest does not prove. As a user this
 * starts the command anew in a namespace, before anything is read. Throws `ToolError` `archive-invalid`, `usage`,
 * `blob-mismatch` and others of `readArchive`.
 */
export async function loadImages(
  request: LoadRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<readonly LoadedImage[]> {
  const store = openStore(storeRoot(host, request.root))
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  const settings: ImageSettings = {
    store,
    overlay: overlayXattrs(host),
    hostPlatform: hostPlatform(host.arch),
    refresh: false,
    registry: () => Promise.reject(new ToolError('not-supported', 'a layer of the archive is kept in a registry')),
    session: () => session,
    signal,
    emit,
    nowMs: () => host.nowMs(),
  }
  try {
    const archive = await openArchive(request, host, session, signal)
    const loaded: LoadedImage[] = []
    for (const entry of await readArchive(archive, request.platform))
      loaded.push(await loadEntry(settings, archive, entry, request.keepNames))
    for (const { id, names } of loaded) recordImageEvent(store.root, host, 'load', id, names[0] ?? id)
    return loaded
  } finally {
    await session.close()
  }
}

async function openArchive(
  { input }: LoadRequest,
  host: Host,
  session: Session,
  signal: AbortSignal,
): Promise<ImageArchive> {
  const scratch = session.makeDirectory('load')
  if (input === undefined) return unpackImageArchive(host.stdin(), scratch, signal)
  const path = resolve(host.cwd, input)
  try {
    if (statSync(path).isDirectory()) return directoryArchive(path)
  } catch (error) {
    const missing = errnoCode(error) === 'ENOENT'
    throw new ToolError('usage', `cannot read "${input}": ${missing ? 'there is no such file' : errorMessage(error)}`, {
      hint: 'name an archive or a directory with --input, or give one on standard input',
      cause: error,
    })
  }
  return unpackImageArchive(createReadStream(path, { highWaterMark: 1 << 18 }), scratch, signal)
}

async function loadEntry(
  settings: ImageSettings,
  archive: ImageArchive,
  { names, images, index }: ArchivedEntry,
  keepNames: boolean,
): Promise<LoadedImage> {
  for (const image of images) await loadImage(settings, archive, image, names[0] ?? image.id)
  const ids = images.map(({ id }) => id)
  const { store, hostPlatform } = settings
  const stored = images.flatMap(({ id, manifestBytes }) => {
    const image = store.images.image(id)
    return image === undefined || manifestBytes === undefined ? [] : [[digestOf(manifestBytes), image] as const]
  })
  const members = index === undefined ? [] : indexMembers(index.index, new Map(stored))
  const preferred = selectByPlatform(members, hostPlatform)?.imageId ?? ids[0]
  invariant(preferred !== undefined, 'an entry of an archive has an image')
  const give = (name: string): void => {
    if (index === undefined || members.length < 2) store.images.tag(name, preferred)
    else store.images.tagIndex(name, { members, document: store.blobs.writeBytes(index.bytes) }, preferred)
  }
  const local = names.map((name) => localName(name))
  return { id: preferred, ...giveNames(store, ids, local, keepNames, give) }
}

async function loadImage(
  settings: ImageSettings,
  archive: ImageArchive,
  image: ArchivedImage,
  name: string,
): Promise<void> {
  const { store } = settings
  const task = `load-${image.id}`
  await runTask(settings, task, `[load] ${name}`, async () => {
    settings.session().lease(image.config.diffIds.map((diffId) => store.layers.name(diffId)))
    const keeper = layerKeeper(settings, task, image)
    let cached = true
    const done = new Set<Digest>()
    for (const [index, descriptor] of image.manifest.layers.entries()) {
      const diffId = image.config.diffIds[index]
      const isThere = diffId !== undefined && store.layers.layer(diffId) !== undefined && store.layers.isPresent(diffId)
      if (isThere || done.has(descriptor.digest)) continue
      done.add(descriptor.digest)
      cached = false
      await keeper.keep(descriptor, archive.open(image.layerFile(descriptor)))
    }
    await keeper.finish()
    writeImage(store, image)
    return { result: undefined, cached }
  })
}

function writeImage(store: Store, { id, configBytes, manifestBytes }: ArchivedImage): void {
  const manifest = manifestBytes === undefined ? {} : { manifestBytes, manifestDigest: digestOf(manifestBytes) }
  // What is known of an image that was pulled is not forgotten.
  if (store.images.image(id) === undefined) store.images.writeImage({ id, configBytes, ...manifest })
  if (store.images.image(id) === undefined) throw removedMeanwhile(`the image ${id}`)
}

function giveNames(
  store: Store,
  ids: readonly Digest[],
  names: readonly string[],
  keepNames: boolean,
  give: (name: string) => void,
): Omit<LoadedImage, 'id'> {
  const references = new Map(store.images.references().map((reference) => [reference.name, reference]))
  const others = names.flatMap((name) => {
    const other = references.get(name)
    return other === undefined || ids.includes(other.imageId) ? [] : [{ name, id: other.imageId }]
  })
  const kept = keepNames ? others.map(({ name }) => name) : []
  const given = names.filter((name) => !kept.includes(name))
  for (const name of given) {
    const own = references.get(name)
    const isSame = own !== undefined && [...namedImages(own)].sort().join() === [...new Set(ids)].sort().join()
    if (!isSame) give(name)
  }
  return { names: given, replaced: keepNames ? [] : others, kept }
}
