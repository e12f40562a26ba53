import { invariant } from '../base/index.ts'
import type { HistoryEntry, ImageConfig } from '../oci/index.ts'
import { epochText, type PlannedStage, type StepGraph } from '../plan/index.ts'
import type { Layer } from '../ports/index.ts'

/** What `docker history` shows as the maker of a step, kept so that tools which look for it find it. */
const historyComment = 'buildkit.dockerfile.v0'

/** A step's layer, by `Step.index`. */
export type StepLayers = ReadonlyMap<number, Layer>

/**
 * The image config of the target: the base's history and layers, then one history entry per instruction. Times are
 * those of the layers (metadata takes the time before it), so the same layers always give the same image ID; or the
 * graph's epoch, which the base's times are lowered to (as BuildKit has it).
 */
export function assembleConfig(
  graph: StepGraph,
  stepLayers: StepLayers,
  baseConfig: (stage: PlannedStage) => ImageConfig | undefined,
): ImageConfig {
  const chain = stageChain(graph, graph.target)
  const first = chain[0]
  invariant(first !== undefined, 'the target has no stage')
  const base = baseConfig(first)
  const dated = graph.epoch && epochText(graph.epoch)
  const history: HistoryEntry[] = (base?.history ?? []).map((entry) => lowered(entry, dated))
  const diffIds = [...(base?.diffIds ?? [])]
  let created = dated ?? base?.created ?? '1970-01-01T00:00:00Z'
  for (const planned of chain) {
    let next = 0
    for (const operation of planned.stage.operations) {
      const entry = { createdBy: operation.createdBy, comment: historyComment }
      if (operation.kind === 'metadata') {
        history.push({ created, ...entry, emptyLayer: true })
        continue
      }
      const step = planned.steps[next]
      const layer = step === undefined ? undefined : stepLayers.get(step)
      invariant(layer !== undefined, 'a step of the target has no layer')
      next += 1
      if (dated === undefined && Date.parse(layer.created) > Date.parse(created)) created = layer.created
      diffIds.push(layer.diffId)
      history.push({ created: dated ?? layer.created, ...entry })
    }
  }
  const { platform, config, author } = graph.target.stage
  return { platform, created, ...(author === undefined ? {} : { author }), config, diffIds, history }
}

function lowered(entry: HistoryEntry, dated: string | undefined): HistoryEntry {
  if (dated === undefined) return entry
  const isEarlier = entry.created !== undefined && Date.parse(entry.created) <= Date.parse(dated)
  return isEarlier ? entry : { ...entry, created: dated }
}

/** The stages a stage is built on, the lowest first, itself last. */
export function stageChain(graph: StepGraph, target: PlannedStage): readonly PlannedStage[] {
  const chain = [target]
  for (let current = target; current.stage.base.kind === 'stage'; ) {
    const index = current.stage.base.stage
    const parent = graph.stages.find((planned) => planned.stage.index === index)
    invariant(parent !== undefined, `stage ${index} is not planned`)
    chain.unshift(parent)
    current = parent
  }
  return chain
}
