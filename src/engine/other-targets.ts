import { invariant } from '../base/index.ts'
import type { BuiltTarget, EmitEvent, StepLayers } from '../build/index.ts'
import { localName } from '../oci/index.ts'
import type { StepGraph } from '../plan/index.ts'
import { finishImage } from './finish-image.ts'
import type { Scene } from './scene.ts'

/** Puts the images of the targets together that are built beside the main one. They are named, but written nowhere. */
export async function finishOthers(
  scene: Scene,
  graph: StepGraph,
  layers: StepLayers,
  emit: EmitEvent,
): Promise<readonly BuiltTarget[]> {
  const { request } = scene
  const built: BuiltTarget[] = []
  for (const { stage, tags } of request.otherTargets) {
    const target = graph.targets.find(({ stage: { name, index } }) =>
      [name, String(index)].includes(stage.toLowerCase()),
    )
    invariant(target !== undefined, `the target ${stage} is not in the graph`)
    const names = [...new Set(tags.map((tag) => localName(tag)))]
    const own = { ...scene, names, request: { ...request, outputs: [] } }
    const { id } = await finishImage(own, { ...graph, target }, layers, emit)
    built.push({ target: stage, imageId: id, names })
  }
  return built
}
