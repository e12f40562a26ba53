import pLimit from 'p-limit'
import { digestHex } from '../base/index.ts'
import type { EmitEvent } from '../build/index.ts'
import { type Descriptor, familiarName, formatPlatform, parseReference, type Reference } from '../oci/index.ts'
import type { Layer, OverlayXattrs, StoredImage } from '../ports/index.ts'
import type { RegistryClient } from '../registry/index.ts'
import { namedImages, type Store } from '../store/index.ts'
import { type ImageForm, inFormat, newManifest, pulledParts } from './image-parts.ts'
import { findLayerBlob, type GrowingLayerBlob, type LayerBlob, makeLayerBlob } from './layer-blob.ts'
import { type ReportProgress, runTask } from './task.ts'

export interface PushSettings {
  readonly store: Store
  readonly overlay: OverlayXattrs
  readonly registry: () => Promise<RegistryClient>
  readonly signal: AbortSignal
  readonly emit: EmitEvent
  nowMs(): number
}

/** Layers on their way at the same time. */
const parallelLayers = 4
/** Layers compressed at the same time: each uses all processors, and memory for that. */
const parallelCompressions = 2

/**
 * Pushes an image: layers first, in parallel, then config and manifest. What was pulled goes on byte for byte, other layers
 * are compressed while they are sent, and remembered. Returns the manifest's descriptor. The layers must be leased. Throws
 * `ToolError` of the registry room, or `store-corrupt`.
 */
export async function pushImage(
  settings: PushSettings,
  image: StoredImage,
  destination: Reference,
  form: ImageForm,
): Promise<Descriptor> {
  const { store, signal } = settings
  const client = await settings.registry()
  const pulled = pulledParts(store, image, form)
  const layers = await pushLayers({ settings, client, destination, form, image }, pulled?.layers)
  const { config, configBytes, descriptor, manifestBytes } = pulled ?? newManifest(store, image, layers, form)
  // Of several images the tag is the index's, and each goes by its digest.
  const platform = destination.tag === undefined ? ` for ${formatPlatform(image.config.platform)}` : ''
  const name = `${familiarName(destination)}${platform}`
  await runTask(settings, `push-${name}`, `[push] manifest of ${name}`, async () => {
    await client.uploadBlob(destination, { descriptor: config, open: () => oneChunk(configBytes) }, { signal })
    await client.pushManifest(destination, { mediaType: descriptor.mediaType, bytes: manifestBytes }, signal)
    return { result: undefined, cached: false }
  })
  return descriptor
}

interface Push {
  /** Starts to compress a layer when it is its turn. */
  readonly compress: (layer: Layer) => Promise<GrowingLayerBlob>
  readonly settings: PushSettings
  readonly client: RegistryClient
  readonly destination: Reference
  readonly form: ImageForm
  readonly image: StoredImage
}

async function pushLayers(
  push: Omit<Push, 'compress'>,
  pulled: readonly LayerBlob[] | undefined,
): Promise<readonly Descriptor[]> {
  const { signal } = push.settings
  const stop = new AbortController()
  const settings = { ...push.settings, signal: AbortSignal.any([signal, stop.signal]) }
  const limit = pLimit(parallelLayers)
  const turns = pLimit(parallelCompressions)
  const compress = (layer: Layer): Promise<GrowingLayerBlob> =>
    new Promise((resolve, reject) => {
      const turn = turns(async () => {
        const growing = makeLayerBlob(settings, layer, push.form.compression)
        resolve(growing)
        // Who reads the blob is told of its failure; here only the turn ends.
        await growing.finished.catch(() => undefined)
      })
      turn.catch(reject)
    })
  // The same layer twice in an image is sent once.
  const sent = new Map<string, Promise<Descriptor>>()
  const failures: unknown[] = []
  const sending = push.image.layers.map((layer, index) => {
    const blob = pulled?.[index]
    const key = blob?.descriptor.digest ?? layer.diffId
    const known = sent.get(key)
    if (known !== undefined) return known
    const started = limit(() => pushLayer({ ...push, settings, compress }, layer, blob))
    started.catch((error: unknown) => {
      failures.push(error)
      stop.abort()
    })
    sent.set(key, started)
    return started
  })
  const results = await Promise.allSettled(sending)
  if (failures.length > 0) throw failures[0]
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

function pushLayer(push: Push, layer: Layer, pulled: LayerBlob | undefined): Promise<Descriptor> {
  const { settings, destination, form } = push
  const short = digestHex(layer.diffId).slice(0, 12)
  const task = `push-${familiarName(destination)}-${layer.diffId}`
  return runTask(settings, task, `[push] layer ${short}`, async (progress) => {
    settings.signal.throwIfAborted()
    const blob = pulled ?? findLayerBlob(settings, layer, form.compression)
    if (blob !== undefined) {
      const outcome = await sendBlob(push, layer, blob, progress)
      return { result: inFormat(blob.descriptor, form.format), cached: outcome !== 'uploaded' }
    }
    const growing = await push.compress(layer)
    const finished = growing.finished.then(({ descriptor }) => descriptor)
    finished.catch(() => {})
    const onProgress = (bytes: number): void => progress(bytes, undefined)
    const { signal } = settings
    const taken = await push.client.uploadStream(
      destination,
      { bytes: growing.bytes, finished },
      { signal, onProgress },
    )
    const made = await growing.finished
    if (!taken) await sendBlob(push, layer, made, progress)
    progress(made.descriptor.size, made.descriptor.size)
    return { result: inFormat(made.descriptor, form.format), cached: false }
  })
}

function sendBlob({ settings, client, destination }: Push, layer: Layer, blob: LayerBlob, progress: ReportProgress) {
  return client.uploadBlob(destination, blob, {
    mountFrom: mountCandidates(settings.store, destination, layer),
    signal: settings.signal,
    onProgress: (bytes) => progress(bytes, blob.descriptor.size),
  })
}

/** Other repositories of the same registry from which or to which an image with this layer was pulled or pushed. */
function mountCandidates(store: Store, destination: Reference, layer: Layer): readonly string[] {
  const found = store.images.references().flatMap((named) => {
    const { name, pulledDigest } = named
    if (pulledDigest === undefined) return []
    const { registry, repository } = parseReference(name)
    if (registry !== destination.registry || repository === destination.repository) return []
    const has = namedImages(named).some((id) => store.images.config(id)?.diffIds.includes(layer.diffId))
    return has ? [repository] : []
  })
  return [...new Set(found)]
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
