import { type Digest, digestOf, invariant } from '../base/index.ts'
import { assembleConfig, type EmitEvent, type StepLayers } from '../build/index.ts'
import {
  type Descriptor,
  encodeConfig,
  formatPlatform,
  type ImageConfig,
  normalizePlatform,
  type Platform,
  validateImage,
} from '../oci/index.ts'
import type { StepGraph } from '../plan/index.ts'
import type { StoredImage } from '../ports/index.ts'
import { leaseLayers, removedMeanwhile, requireLayers } from './lease-layers.ts'
import type { Scene } from './scene.ts'

/** A finished image; the manifest is of an output that has one. */
export interface FinishedImage {
  readonly id: Digest
  readonly manifest?: Descriptor
}

/** Puts the image together from its layers, stores it, names it and writes the outputs. */
export async function finishImage(
  scene: Scene,
  graph: StepGraph,
  layers: StepLayers,
  emit: EmitEvent,
): Promise<FinishedImage> {
  const { store, names, host } = scene
  const startMs = host.nowMs()
  const [wanted] = scene.request.platforms ?? []
  const made = assembleImage(scene, graph, layers, wanted)
  const { id } = made
  const newNames = names.filter(
    (name) => store.images.findImage(name)?.id !== id || store.images.index(name) !== undefined,
  )
  const [image] = keepImages(scene, [made], () => {
    for (const name of newNames) store.images.tag(name, id)
  })
  invariant(image !== undefined, 'an image that was kept')
  await recordNames(scene, id, newNames)
  const manifest = await writeOutputs(scene, image, emit)
  const timeMs = host.nowMs()
  emit({
    kind: 'task-start',
    task: 'image',
    label: `image ${id}${names.length === 0 ? '' : ` named ${names.join(', ')}`}`,
    timeMs: startMs,
  })
  emit({ kind: 'task-end', task: 'image', status: 'done', durationMs: timeMs - startMs, timeMs })
  return { id, ...(manifest === undefined ? {} : { manifest }) }
}

/** Tells `events` of the names that an image was given. */
export async function recordNames({ store, host }: Scene, id: Digest, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const { recordImageEvent } = await import('./record-event.ts')
  for (const name of names) recordImageEvent(store.root, host, 'tag', id, name)
}

/** An image that was put together: its ID, and the config that this is the digest of. */
export interface AssembledImage {
  readonly id: Digest
  readonly config: ImageConfig
  readonly configBytes: Uint8Array
}

/**
 * The config of the target over its layers, checked. With `platform`, which was asked for, it is for that, even when the target
 * stands on an image for another (FROM --platform), as BuildKit has it.
 */
export function assembleImage(
  scene: Scene,
  graph: StepGraph,
  layers: StepLayers,
  platform: Platform | undefined,
): AssembledImage {
  const assembled = assembleConfig(graph, layers, ({ base }) => baseConfig(scene, base))
  const isFor = platform === undefined || samePlatform(platform, assembled.platform)
  const config = withLabels(isFor ? assembled : { ...assembled, platform }, scene.request.labels)
  const violations = validateImage(config)
  invariant(violations.length === 0, `the image is not sound: ${violations.join('; ')}`)
  const configBytes = encodeConfig(config)
  return { id: digestOf(configBytes), config, configBytes }
}

/** Writes images into the store and gives them their names. Throws `ToolError` when a layer was removed meanwhile. */
export function keepImages(
  { store, names }: Scene,
  made: readonly AssembledImage[],
  giveNames: () => void,
): readonly StoredImage[] {
  for (const { id, configBytes } of made) {
    if (store.images.image(id) === undefined) store.images.writeImage({ id, configBytes })
  }
  giveNames()
  return made.map(({ id, configBytes }) => {
    // A prune beside us may have taken it while it had no name.
    if (names.length > 0 && store.images.config(id) === undefined) store.images.writeImage({ id, configBytes })
    // Looked at after the image was written: now nobody removes a layer of it any more.
    const image = store.images.image(id)
    if (image === undefined) throw removedMeanwhile(`a layer of the image ${id}`)
    requireLayers(store, image.layers)
    return image
  })
}

function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(normalizePlatform(a)) === formatPlatform(normalizePlatform(b))
}

function baseConfig(scene: Scene, base: StepGraph['target']['base']): ImageConfig | undefined {
  if (base.kind !== 'image') return undefined
  const image = scene.images.find(base.reference, base.platform)
  if (image === undefined) throw removedMeanwhile(`the base image ${base.reference}`)
  return image.config
}

/** `--label` is applied last and leaves no history entry, as docker has it. */
function withLabels(config: ImageConfig, labels: Readonly<Record<string, string>>): ImageConfig {
  if (Object.keys(labels).length === 0) return config
  return { ...config, config: { ...config.config, labels: { ...config.config.labels, ...labels } } }
}

/** Writes the outputs asked for; the descriptor is of the last manifest that had to be made. */
async function writeOutputs(scene: Scene, image: StoredImage, emit: EmitEvent): Promise<Descriptor | undefined> {
  const { outputs } = scene.request
  let manifest: Descriptor | undefined
  for (const output of outputs) {
    if (output.type === 'image') continue
    const workshop = await scene.enter()
    leaseLayers(scene.store, workshop.session, image.layers)
    if (output.type === 'tar' || output.type === 'local') {
      const { writeRootfs } = await import('./write-rootfs.ts')
      await writeRootfs({ store: scene.store, workshop, layers: image.layers, output })
      continue
    }
    const { store, names, signal } = scene
    const common = { store, overlay: workshop.overlay, signal }
    if (output.type === 'registry') {
      const { pushNames } = await import('./push-names.ts')
      const nowMs = (): number => scene.host.nowMs()
      const settings = { ...common, emit, nowMs, registry: scene.registry.client }
      manifest = await pushNames(settings, { image }, names, output.form)
      continue
    }
    const { writeLayout } = await import('./write-layout.ts')
    const { dest, tar, compression } = output
    const form = { compression, format: 'oci' } as const
    const written = { images: [{ image, names }], form, docker: output.type === 'docker', dest, tar }
    ;[manifest] = await writeLayout({ ...common, ...written })
  }
  return manifest
}
