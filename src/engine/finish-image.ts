import { type Digest, digestOf, invariant } from '../base/index.ts'
import { assembleConfig, type EmitEvent, type StepLayers } from '../build/index.ts'
import { type Descriptor, encodeConfig, type ImageConfig, validateImage } from '../oci/index.ts'
import type { StepGraph } from '../plan/index.ts'
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
  const config = withLabels(
    assembleConfig(graph, layers, ({ base }) => baseConfig(scene, base)),
    scene.request.labels,
  )
  const violations = validateImage(config)
  invariant(violations.length === 0, `the image is not sound: ${violations.join('; ')}`)
  const configBytes = encodeConfig(config)
  const id = digestOf(configBytes)
  const stored = store.images.image(id)
  if (stored === undefined) store.images.writeImage({ id, configBytes })
  for (const name of names) {
    if (store.images.findImage(name)?.id === id) continue
    store.images.tag(name, id)
    const { recordImageEvent } = await import('./record-event.ts')
    recordImageEvent(store.root, host, 'tag', id, name)
  }
  // A prune beside us may have taken it while it had no name.
  if (names.length > 0 && store.images.config(id) === undefined) store.images.writeImage({ id, configBytes })
  // Looked at after the image was written: now nobody removes a layer of it any more.
  const image = store.images.image(id)
  if (image === undefined) throw removedMeanwhile(`a layer of the image ${id}`)
  requireLayers(store, image.layers)
  const manifest = await writeOutputs(scene, id, emit)
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
async function writeOutputs(scene: Scene, id: Digest, emit: EmitEvent): Promise<Descriptor | undefined> {
  const { outputs } = scene.request
  let manifest: Descriptor | undefined
  for (const output of outputs) {
    if (output.type === 'image') continue
    const image = scene.store.images.image(id)
    if (image === undefined) throw removedMeanwhile(`the image ${id}`)
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
      manifest = await pushNames({ ...common, emit, nowMs, registry: scene.registry.client }, image, names, output.form)
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
