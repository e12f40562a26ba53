import type { FileSource, MountSource } from '../ir/index.ts'
import type { LayerOperation, MountInput, PlannedStage, Step, StepGraph } from './graph.ts'

/** What a context of files is called in a graph of several builds. */
export type TreeOf = (source: Extract<FileSource, { kind: 'context' | 'named' | 'workspace' }>) => string

/** The graph with every build context told apart from those of other builds. */
export function withTrees(graph: StepGraph, treeOf: TreeOf): StepGraph {
  const from = (source: FileSource): FileSource =>
    source.kind === 'stage' || source.kind === 'image' ? source : { ...source, tree: treeOf(source) }
  const shown = <T extends MountSource>(source: T): T => ({ ...source, from: from(source.from) })
  const mountInput = (input: MountInput): MountInput => ({ ...input, source: shown(input.source) })
  // Stages and steps hold the same operations, and who asks which step an operation is of counts on that.
  const known = new Map<object, LayerOperation>()
  const operation = <T extends LayerOperation>(old: T): LayerOperation => {
    const renamed = known.get(old) ?? (old.kind === 'copy' ? { ...old, from: from(old.from) } : { ...old })
    known.set(old, renamed)
    return renamed
  }
  const step = (old: Step): Step => ({
    ...old,
    operation: operation(old.operation),
    mounts: old.mounts.map(mountInput),
  })
  const stage = (old: PlannedStage): PlannedStage => ({
    ...old,
    stage: {
      ...old.stage,
      operations: old.stage.operations.map((one) => (one.kind === 'metadata' ? one : operation(one))),
    },
  })
  return {
    ...graph,
    steps: graph.steps.map(step),
    stages: graph.stages.map(stage),
    target: stage(graph.target),
    targets: graph.targets.map(stage),
  }
}
