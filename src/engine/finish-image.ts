import { type Digest, digestOf, invariant, ToolError } from '../base/index.ts'
import { assembleConfig, type EmitEvent, type StepLayers } from '../build/index.ts'
import { encodeConfig, type ImageConfig, validateImage } from '../oci/index.ts'
import type { StepGraph } from '../plan/index.ts'
import { requireLayers } from './lease-layers.ts'
import type { Scene } from './scene.ts'

/** Puts the image together from its layers, stores it, names it and writes the outputs. Returns the image ID. */
export async function finishImage(
  scene: Scene,
  graph: StepGraph,
  layers: StepLayers,
  emit: EmitEvent,
): Promise<Digest> {
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
  for (const name of names) if (store.images.findImage(name)?.id !== id) store.images.tag(name, id)
  // Looked at after the image was written: now nobody removes a layer of it any more.
  const image = store.images.image(id)
  if (image === undefined) {
    throw new ToolError('store-failed', `the image ${id} or a layer of it was removed by another command`, {
      hint: 'run the build again; what is missing is made anew',
    })
  }
  requireLayers(store, image.layers)
  await writeOutputs(scene, id)
  const timeMs = host.nowMs()
  emit({
    kind: 'task-start',
    task: 'image',
    label: `image ${id}${names.length === 0 ? '' : ` named ${names.join(', ')}`}`,
    timeMs: startMs,
  })
  emit({ kind: 'task-end', task: 'image', status: 'done', durationMs: timeMs - startMs, timeMs })
  return id
}

function baseConfig(scene: Scene, base: StepGraph['target']['base']): ImageConfig | undefined {
  if (base.kind !== 'image') return undefined
  const image = scene.images.find(base.reference, base.platform)
  invariant(image !== undefined, `the base image ${base.reference} is gone from the store`)
  return image.config
}

/** `--label` is applied last and leaves no history entry, as docker has it. */
function withLabels(config: ImageConfig, labels: Readonly<Record<string, string>>): ImageConfig {
  if (Object.keys(labels).length === 0) return config
  return { ...config, config: { ...config.config, labels: { ...config.config.labels, ...labels } } }
}

async function writeOutputs(scene: Scene, id: Digest): Promise<void> {
  const { outputs } = scene.request
  if (outputs.length === 0) return
  const image = scene.store.images.image(id)
  invariant(image !== undefined, 'the image that was just stored is gone')
  const workshop = await scene.enter()
  const { writeLayout } = await import('./write-layout.ts')
  for (const output of outputs) {
    const scratch = workshop.session.makeDirectory('output')
    await writeLayout({ store: scene.store, overlay: workshop.overlay, image, names: scene.names, output, scratch })
    workshop.session.removeDirectory(scratch)
  }
}
