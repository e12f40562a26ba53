import { createReadStream, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Digest, digestOf, errnoCode, errorMessage, ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import { hostPlatform, localName, type Platform } from '../oci/index.ts'
import { openStore, type Store } from '../store/index.ts'
import { openSession, type Session } from '../store/session.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { directoryArchive, type ImageArchive, unpackImageArchive } from './image-archive.ts'
import { removedMeanwhile } from './lease-layers.ts'
import { enterNamespace } from './namespace.ts'
import { layerKeeper } from './pull-image.ts'
import { type ArchivedImage, readArchive } from './read-archive.ts'
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
    refresh: false,
    registry: () => Promise.reject(new ToolError('not-supported', 'a layer of the archive is kept in a registry')),
    session: () => session,
    signal,
    emit,
    nowMs: () => host.nowMs(),
  }
  try {
    const archive = await openArchive(request, host, session, signal)
    const images = await readArchive(archive, request.platform ?? hostPlatform(host.arch))
    const loaded: LoadedImage[] = []
    for (const image of images) loaded.push(await loadImage(settings, archive, image, request.keepNames))
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

async function loadImage(
  settings: ImageSettings,
  archive: ImageArchive,
  image: ArchivedImage,
  keepNames: boolean,
): Promise<LoadedImage> {
  const { store } = settings
  const names = image.names.map((name) => localName(name))
  const task = `load-${image.id}`
  await runTask(settings, task, `[load] ${names[0] ?? image.id}`, async () => {
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
    keeper.finish()
    writeImage(store, image)
    return { result: undefined, cached }
  })
  return { id: image.id, ...giveNames(store, image.id, names, keepNames) }
}

function writeImage(store: Store, { id, configBytes, manifestBytes }: ArchivedImage): void {
  const manifest = manifestBytes === undefined ? {} : { manifestBytes, manifestDigest: digestOf(manifestBytes) }
  // What is known of an image that was pulled is not forgotten.
  if (store.images.image(id) === undefined) store.images.writeImage({ id, configBytes, ...manifest })
  if (store.images.image(id) === undefined) throw removedMeanwhile(`the image ${id}`)
}

function giveNames(store: Store, id: Digest, names: readonly string[], keepNames: boolean): Omit<LoadedImage, 'id'> {
  const references = new Map(store.images.references().map(({ name, imageId }) => [name, imageId]))
  const others = names.flatMap((name) => {
    const other = references.get(name)
    return other === undefined || other === id ? [] : [{ name, id: other }]
  })
  const kept = keepNames ? others.map(({ name }) => name) : []
  const given = names.filter((name) => !kept.includes(name))
  for (const name of given) if (references.get(name) !== id) store.images.tag(name, id)
  return { names: given, replaced: keepNames ? [] : others, kept }
}
