import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type DiffId, ToolError } from '../base/index.ts'
import { digestLayer, inheritDirectories, unpackLayer } from '../layer/index.ts'
import {
  type Descriptor,
  familiarName,
  formatPlatform,
  type ImageConfig,
  type ImageManifest,
  matchPlatform,
  type Platform,
  parseReference,
  withDefaultTag,
} from '../oci/index.ts'
import type { StoredImage } from '../ports/index.ts'
import { removedMeanwhile } from './lease-layers.ts'
import { namePulled } from './name-pulled.ts'
import { findStored, type ImageSettings, storedName } from './stored-images.ts'
import { unpackLayers } from './unpack-layers.ts'

/**
 * Pulls an image: manifest and config first, then the layers the store does not have, in parallel; each is verified,
 * unpacked and moved in whole. Ends with the name pointing at the image. Throws `ToolError` of the registry room, or
 * `blob-mismatch` when a layer is not what the config says.
 */
export async function pullImage(settings: ImageSettings, text: string, platform: Platform): Promise<StoredImage> {
  const { store, emit, signal } = settings
  const reference = withDefaultTag(parseReference(text))
  const task = `pull-${text}`
  const startMs = settings.nowMs()
  emit({ kind: 'task-start', task, label: `[internal] pull ${familiarName(reference)}`, timeMs: startMs })
  const end = (status: 'done' | 'cached' | 'failed' | 'canceled', error?: string): void => {
    const timeMs = settings.nowMs()
    const durationMs = timeMs - startMs
    emit({ kind: 'task-end', task, status, ...(error === undefined ? {} : { error }), durationMs, timeMs })
  }
  try {
    const client = await settings.registry()
    const remote = await client.resolveImage(reference, platform, signal)
    const offered = remote.config.platform
    if (!matchPlatform(platform, offered)) {
      throw new ToolError(
        'platform-mismatch',
        `the image ${text} is for ${formatPlatform(offered)}, wanted is ${formatPlatform(platform)}`,
        {
          hint: 'choose an image that is made for this machine, or one for several platforms',
        },
      )
    }
    const known = findStored(store, text, platform)
    if (known?.manifestDigest === remote.digest) {
      namePulled(settings, storedName(text), known.id, remote)
      end('cached')
      return known
    }
    settings.session().lease(remote.config.diffIds.map((diffId) => store.layers.name(diffId)))
    const wanted = remote.manifest.layers.filter((_, index) => {
      const diffId = remote.config.diffIds[index]
      return diffId === undefined || store.layers.layer(diffId) === undefined || !store.layers.isPresent(diffId)
    })
    const keeper = layerKeeper(settings, task, remote)
    await client.pullLayers(reference, wanted, keeper.keep, { signal })
    await keeper.finish()
    const { digest: id } = remote.manifest.config
    const { configBytes, manifestBytes, digest: manifestDigest } = remote
    const document = { id, configBytes, manifestBytes, manifestDigest }
    store.images.writeImage(document)
    namePulled(settings, storedName(text), id, remote)
    // A prune beside us may have taken it while it had no name.
    if (store.images.config(id) === undefined) store.images.writeImage(document)
    const image = store.images.image(id)
    if (image === undefined) throw removedMeanwhile(`the image ${text}`)
    end('done')
    return image
  } catch (error) {
    end(signal.aborted ? 'canceled' : 'failed', error instanceof Error ? error.message : String(error))
    throw error
  }
}

interface RemoteImage {
  readonly config: ImageConfig
  readonly manifest: Pick<ImageManifest, 'layers'>
}

/** Takes the layers of one image, in any order and several at a time. */
export interface LayerKeeper {
  /** Unpacks a layer, checks its bytes and moves it into the store, or puts it off until those below are there. */
  keep(descriptor: Descriptor, stream: AsyncIterable<Uint8Array>): Promise<void>
  /** Moves what was put off; to be called when every layer has come. */
  finish(): Promise<void>
}

/** A keeper of the layers of `image`; `task` is the task that shows its progress. */
export function layerKeeper(settings: ImageSettings, task: string, image: RemoteImage): LayerKeeper {
  const waiting: UnpackedLayerDirectory[] = []
  return {
    async keep(descriptor, stream) {
      const unpacked = await storeLayer(settings, task, image, descriptor, stream)
      if (unpacked !== undefined) waiting.push(unpacked)
    },
    async finish() {
      const below = waiting.flatMap(({ index }) => image.config.diffIds.slice(0, index))
      const { store, overlay } = settings
      const layers = below.map((diffId) => ({ diffId }))
      if (layers.length > 0) await unpackLayers({ store, overlay, session: settings.session() }, layers)
      for (const layer of waiting.sort((a, b) => a.index - b.index)) finishLayer(settings, image, layer)
    },
  }
}

/** A layer that is unpacked, but may only be finished when those below it are in the store. */
interface UnpackedLayerDirectory {
  readonly index: number
  readonly diffId: DiffId
  readonly descriptor: Descriptor
  readonly directory: string
  readonly unpacked: Awaited<ReturnType<typeof unpackLayer>>
}

/** Names the tree and moves it into the store; directories without an entry of their own take after those below. */
function finishLayer(settings: ImageSettings, remote: RemoteImage, layer: UnpackedLayerDirectory): void {
  const { store, overlay } = settings
  const { index, diffId, descriptor, directory, unpacked } = layer
  const tree = join(directory, 'fs')
  const lowers = remote.config.diffIds.slice(0, index).map((lower) => store.layers.treePath(lower))
  inheritDirectories(tree, unpacked.implicitDirectories, lowers, overlay)
  const { contentDigest } = digestLayer(tree, { overlay })
  const created = remote.config.created ?? new Date(settings.nowMs()).toISOString()
  const { sizeBytes, entries } = unpacked
  store.layers.adopt({ diffId, contentDigest, sizeBytes, entries, created, blob: descriptor, directory })
  settings.session().removeDirectory(directory)
}

/**
 * Unpacks and verifies a layer, and moves it into the store; one whose archive leaves directories out is returned, for
 * `finishLayer` to look at the layers below.
 */
async function storeLayer(
  settings: ImageSettings,
  task: string,
  remote: RemoteImage,
  descriptor: Descriptor,
  stream: AsyncIterable<Uint8Array>,
): Promise<UnpackedLayerDirectory | undefined> {
  const { store, overlay, emit } = settings
  const index = remote.manifest.layers.findIndex((layer) => layer.digest === descriptor.digest)
  const diffId = remote.config.diffIds[index]
  if (diffId === undefined) {
    throw new ToolError(
      'invalid-document',
      `the config lists ${remote.config.diffIds.length} layers, the manifest ${remote.manifest.layers.length}`,
    )
  }
  const session = settings.session()
  const directory = session.makeDirectory('pull')
  const writer = store.blobs.open(descriptor.digest)
  let bytes = 0
  async function* tee(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      writer.write(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  try {
    const tree = join(directory, 'fs')
    mkdirSync(tree, { mode: 0o755 })
    const unpacked = await unpackLayer(tee(), tree, { overlay, signal: settings.signal })
    if (unpacked.opaqueRoot) {
      throw new ToolError(
        'not-supported',
        `layer ${descriptor.digest} hides all layers below it, which is not supported`,
        {
          hint: 'flatten the image, for example with `docker export`',
        },
      )
    }
    if (unpacked.diffId !== diffId) {
      throw new ToolError(
        'blob-mismatch',
        `layer ${descriptor.digest} unpacks to ${unpacked.diffId}, but the config says ${diffId}`,
        {
          hint: 'the image is broken or was tampered with; nothing of this layer was kept',
        },
      )
    }
    writer.commit()
    const layer = { index, diffId, descriptor, directory, unpacked }
    const waits = index > 0 && unpacked.implicitDirectories.length > 0
    if (!waits) finishLayer(settings, remote, layer)
    emit({
      kind: 'task-progress',
      task,
      name: descriptor.digest,
      bytes,
      totalBytes: descriptor.size,
      timeMs: settings.nowMs(),
    })
    return waits ? layer : undefined
  } catch (error) {
    session.removeDirectory(directory)
    throw error
  } finally {
    writer.discard()
  }
}
