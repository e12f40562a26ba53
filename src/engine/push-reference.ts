import { ToolError } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import {
  type Descriptor,
  familiarName,
  type Platform,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../oci/index.ts'
import type { NamedIndex, StoredIndex } from '../ports/index.ts'
import { namedImages, openStore, type Store } from '../store/index.ts'
import { openSession, type Session } from '../store/session.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import type { ImageForm } from './image-parts.ts'
import { leaseLayers } from './lease-layers.ts'
import { splitName } from './list-images.ts'
import { enterNamespace } from './namespace.ts'
import { type PushSettings, pushImage } from './push-image.ts'
import { pushIndex } from './push-index.ts'
import { recordImageEvent } from './record-event.ts'
import type { RegistryAccess } from './registry-access.ts'
import { lazyRegistry } from './registry-client.ts'
import { requireImage } from './require-image.ts'
import { storedName } from './stored-images.ts'

export interface PushRequest extends ImageForm {
  /** Name or ID of an image of the store. */
  readonly source: string
  /** Where to; the name itself when absent. */
  readonly destination?: string
  /** Push every tag that the store has of the repository `source`. */
  readonly allTags: boolean
  /** Of a name with several images push this one alone. */
  readonly platform?: Platform
  readonly access: RegistryAccess
  readonly root?: string
}

/** An image that is in a registry now. */
export interface PushedImage {
  readonly name: string
  readonly manifest: Descriptor
}

/**
 * Pushes an image of the store, or all tags of a repository. A name that was pushed remembers the digest it has there. As a
 * user this starts the command anew in a namespace. Throws `ToolError` `image-not-found`, `usage`, those of `pushImage`.
 */
export async function pushReference(
  request: PushRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<readonly PushedImage[]> {
  const store = openStore(storeRoot(host, request.root))
  const chosen = chooseImages(store, request)
  await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  const registry = lazyRegistry(host, request.access)
  const settings: PushSettings = {
    store,
    overlay: overlayXattrs(host),
    registry: () => registry.client(),
    signal,
    emit,
    nowMs: () => host.nowMs(),
  }
  try {
    const pushed: PushedImage[] = []
    for (const { source, destination } of chosen) {
      const manifest = await pushOne(settings, session, source, destination, request)
      pushed.push({ name: familiarName(destination), manifest })
      const index = request.platform === undefined ? store.images.index(storedName(source)) : undefined
      const id = index === undefined ? requireImage(store, source, request.platform).image.id : index.imageId
      recordImageEvent(store.root, host, 'push', id ?? manifest.digest, familiarName(destination))
    }
    return pushed
  } finally {
    await session.close()
    await registry.close()
  }
}

async function pushOne(
  settings: PushSettings,
  session: Session,
  source: string,
  destination: Reference,
  request: PushRequest,
): Promise<Descriptor> {
  const { store } = settings
  const index = request.platform === undefined ? store.images.index(storedName(source)) : undefined
  if (index === undefined) {
    const { image } = requireImage(store, source, request.platform)
    leaseLayers(store, session, image.layers)
    const manifest = await pushImage(settings, image, destination, request)
    rememberPush(store, { imageId: image.id }, destination, manifest)
    return manifest
  }
  for (const id of namedImages(index)) {
    const image = store.images.image(id)
    if (image !== undefined) leaseLayers(store, session, image.layers)
  }
  const manifest = await pushIndex(settings, index, destination, request)
  rememberPush(store, index, destination, manifest)
  return manifest
}

interface ChosenImage {
  readonly source: string
  readonly destination: Reference
}

function chooseImages(store: Store, { source, destination, allTags, platform }: PushRequest): readonly ChosenImage[] {
  if (!allTags) {
    const isIndex = platform === undefined && store.images.index(storedName(source)) !== undefined
    const name = isIndex ? storedName(source) : requireImage(store, source, platform).name
    const target = destination ?? name
    if (target === undefined) {
      throw new ToolError('usage', `"${source}" is an image ID: it does not say where to push to`, {
        hint: `name the place: longshore push ${source} REGISTRY/NAME:TAG`,
      })
    }
    return [{ source, destination: parseDestination(target) }]
  }
  const { repository } = splitName(familiarName(parseReference(source)))
  if (destination !== undefined || repository !== familiarName(parseReference(source))) {
    throw new ToolError('usage', 'with --all-tags, name a repository without a tag and no destination', {
      hint: `longshore push --all-tags ${repository}`,
    })
  }
  const names = store.images
    .references()
    .map((reference) => reference.name)
    .filter((name) => !name.includes('@') && splitName(name).repository === repository)
    .sort()
  if (names.length > 0) return names.map((name) => ({ source: name, destination: parseDestination(name) }))
  throw new ToolError('image-not-found', `no image of the repository "${repository}" in the store`, {
    hint: '`longshore images` lists what there is',
  })
}

/** A destination as docker and podman take it: `docker://` may stand before it. */
function parseDestination(text: string): Reference {
  const transport = /^(oci|oci-archive|docker-archive|dir|docker-daemon|containers-storage):/.exec(text)?.[1]
  if (transport !== undefined && !/^[^/]*:\d+\//.test(text)) {
    throw new ToolError('not-supported', `"${text}" is no registry`, {
      hint: 'longshore save --format oci-archive|oci-dir|docker-archive writes archives and layouts',
    })
  }
  return withDefaultTag(parseReference(text.replace(/^docker:\/\//, '')))
}

/** Notes under its own name which digest something has in the registry, as a pull would. */
export function rememberPush(
  store: Store,
  pushed: Pick<NamedIndex, 'imageId'> & { readonly index?: StoredIndex },
  destination: Reference,
  manifest: Descriptor,
): void {
  const name = familiarName(destination)
  const own = store.images.references().find((reference) => reference.name === name)
  if (own === undefined || !isEqual(namedImages(own), namedImages(pushed))) return
  if (own.index === undefined) store.images.tag(name, own.imageId, manifest.digest)
  else store.images.tagIndex(name, own.index, own.imageId, manifest.digest)
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, position) => item === b[position])
}
