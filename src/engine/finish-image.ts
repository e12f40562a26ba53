import { isDeepStrictEqual } from 'node:util'
import { type Digest, digestOf, invariant } from '../base/index.ts'
import { assembleConfig, type EmitEvent, type StepLayers, stageChain } from '../build/index.ts'
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
  const made = await assembleImage(scene, graph, layers, wanted)
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
  /** Of its manifest. */
  readonly annotations?: StoredImage['annotations']
}

/**
 * The config of the target over its layers, checked. With `platform`, which was asked for, it is for that, even when the target
 * stands on an image for another (FROM --platform), as BuildKit has it.
 */
export async function assembleImage(
  scene: Scene,
  graph: StepGraph,
  layers: StepLayers,
  platform: Platform | undefined,
): Promise<AssembledImage> {
  const separate = assembleConfig(graph, layers, ({ base }) => baseConfig(scene, base))
  const assembled = scene.request.squash === true ? await squashed(scene, graph, separate) : separate
  const isFor = platform === undefined || samePlatform(platform, assembled.platform)
  const config = withLabels(isFor ? assembled : { ...assembled, platform }, scene.request.labels)
  const violations = validateImage(config)
  invariant(violations.length === 0, `the image is not sound: ${violations.join('; ')}`)
  const configBytes = encodeConfig(config)
  const annotations = await manifestAnnotations(scene, graph, layers, config)
  return { id: digestOf(configBytes), config, configBytes, ...(annotations === undefined ? {} : { annotations }) }
}

async function manifestAnnotations(
  scene: Scene,
  graph: StepGraph,
  layers: StepLayers,
  config: ImageConfig,
): Promise<StoredImage['annotations']> {
  const own = scene.request.annotations?.manifest
  if (scene.stepKeys === undefined) return own
  const { inlineAnnotations } = await import('./inline-cache.ts')
  return { ...own, ...inlineAnnotations(scene, graph, layers, config) }
}

/** Writes images into the store and gives them their names. Throws `ToolError` when a layer was removed meanwhile. */
export function keepImages(
  { store, names }: Scene,
  made: readonly AssembledImage[],
  giveNames: () => void,
): readonly StoredImage[] {
  const write = ({ id, configBytes, annotations }: AssembledImage): void =>
    store.images.writeImage({ id, configBytes, ...(annotations === undefined ? {} : { annotations }) })
  for (const one of made) {
    const known = store.images.image(one.id)
    if (known === undefined || !sameAnnotations(known, one.annotations)) write(one)
  }
  giveNames()
  return made.map((one) => {
    const { id } = one
    // A prune beside us may have taken it while it had no name.
    if (names.length > 0 && store.images.config(id) === undefined) write(one)
    // Looked at after the image was written: now nobody removes a layer of it any more.
    const image = store.images.image(id)
    if (image === undefined) throw removedMeanwhile(`a layer of the image ${id}`)
    requireLayers(store, image.layers)
    return image
  })
}

/** Whether an image that is there says what is wanted; without a wish it stays as it is, also when it was pulled. */
function sameAnnotations({ annotations }: StoredImage, wanted: StoredImage['annotations']): boolean {
  if (wanted === undefined) return annotations === undefined
  return isDeepStrictEqual(annotations, wanted)
}

/** The config with one layer in place of those that the build adds to the image its target stands on. */
async function squashed(scene: Scene, graph: StepGraph, config: ImageConfig): Promise<ImageConfig> {
  const [first] = stageChain(graph, graph.target)
  const below = first === undefined ? undefined : baseConfig(scene, first.base)
  const { squashConfig } = await import('./squash.ts')
  return squashConfig(scene, config, below?.diffIds.length ?? 0)
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
