import { type StepLayers, stageChain } from '../build/index.ts'
import type { ImageConfig } from '../oci/index.ts'
import type { StepGraph } from '../plan/index.ts'
import { encodeInline, inlineAnnotation } from '../remote-cache/inline.ts'
import type { Scene } from './scene.ts'

/**
 * The annotation with which the image of a graph's target carries the results of its steps, where `type=inline` asks for that.
 * Its layers are the image's, so a step whose layer is not in the image, as when they were squashed, is left out.
 */
export function inlineAnnotations(
  { store, stepKeys }: Scene,
  graph: StepGraph,
  layers: StepLayers,
  { diffIds }: ImageConfig,
): Readonly<Record<string, string>> {
  const steps = stageChain(graph, graph.target).flatMap((planned) => planned.steps)
  const results = steps.flatMap((step) => {
    const [key, layer] = [stepKeys?.get(step), layers.get(step)]
    const record = key && store.records.readRecord(key)
    const position = layer === undefined ? -1 : diffIds.indexOf(layer.diffId)
    if (key === undefined || record === undefined || layer === undefined || position < 0) return []
    const { diffId, contentDigest, sizeBytes, entries, created } = layer
    const { durationMs } = record
    return [
      {
        key,
        durationMs,
        created: record.created,
        layer: { diffId, contentDigest, sizeBytes, entries, created },
        position,
      },
    ]
  })
  return { [inlineAnnotation]: encodeInline(results) }
}
