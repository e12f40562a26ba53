import { invariant } from '../base/index.ts'
import { formatPlatform, type Platform } from '../oci/index.ts'
import type { PlannedStage, Root, Step, StepGraph } from './graph.ts'

/** What is to be built for one of several platforms. */
export interface PlatformGraph {
  readonly platform: Platform
  readonly graph: StepGraph
}

/**
 * One graph of the graphs of several platforms: stages and steps that are the same for two of them (those of the build platform
 * that ask for nothing of the target) are there once. Its targets are those of `parts`, in order, the first of them its
 * `target`. The stages of all but the first get numbers of their own. A step on one platform for another alone says so:
 * `[linux/amd64->arm64 build 2/3]`, as BuildKit has it.
 */
export function mergeGraphs(parts: readonly PlatformGraph[]): StepGraph {
  const [first] = parts
  invariant(first !== undefined, 'a graph of no platform')
  const merged = new MergedGraph()
  const targets = parts.map((part) => merged.add(part))
  const { epoch } = first.graph
  const target = targets[0]
  invariant(target !== undefined, 'a graph without a target')
  const { steps, stages } = merged.labelled()
  const shown = (planned: PlannedStage): PlannedStage => stages.get(planned) ?? planned
  return {
    steps,
    stages: [...stages.values()],
    target: shown(target),
    targets: targets.map(shown),
    ...(epoch === undefined ? {} : { epoch }),
  }
}

class MergedGraph {
  readonly steps: Step[] = []
  readonly stages: PlannedStage[] = []
  readonly #steps = new Map<string, number>()
  readonly #stages = new Map<string, PlannedStage>()
  /** For whom a step or stage is there. */
  readonly #users = new Map<number | PlannedStage, Set<Platform>>()
  #freeIndex = 0

  /** Adds the graph of one platform; returns its target in the merged one. */
  add({ graph, platform }: PlatformGraph): PlannedStage {
    const isFirst = this.stages.length === 0
    const stages = new Map<number, PlannedStage>()
    const steps = new Map<number, number>()
    for (const planned of graph.stages) {
      const { index } = planned.stage
      const merged = this.#stage(graph, planned, stages, steps, isFirst ? index : this.#freeIndex)
      this.#freeIndex = Math.max(this.#freeIndex, merged.stage.index + 1)
      stages.set(index, merged)
    }
    for (const used of [...stages.values(), ...steps.values()]) {
      this.#users.set(used, (this.#users.get(used) ?? new Set()).add(platform))
    }
    const target = stages.get(graph.target.stage.index)
    invariant(target !== undefined, 'the target is not among the stages')
    return target
  }

  /** Steps and stages with the labels that tell whom they are for. */
  labelled(): { readonly steps: readonly Step[]; readonly stages: ReadonlyMap<PlannedStage, PlannedStage> } {
    const label = (used: number | PlannedStage, text: string): string => {
      const [only, other] = this.#users.get(used) ?? []
      return only === undefined || other !== undefined ? text : withTarget(text, only)
    }
    return {
      steps: this.steps.map((step) => ({ ...step, label: label(step.index, step.label) })),
      stages: new Map(this.stages.map((stage) => [stage, { ...stage, label: label(stage, stage.label) }])),
    }
  }

  #stage(
    graph: StepGraph,
    planned: PlannedStage,
    stages: ReadonlyMap<number, PlannedStage>,
    steps: Map<number, number>,
    index: number,
  ): PlannedStage {
    const { stage } = planned
    const own = planned.steps.map((position) => {
      const step = graph.steps[position]
      invariant(step !== undefined, 'a stage without its step')
      const merged = this.#step(step, formatPlatform(stage.platform), steps, index)
      steps.set(position, merged)
      return merged
    })
    const parent = stage.base.kind === 'stage' ? stages.get(stage.base.stage) : undefined
    const base = parent === undefined ? stage.base : ({ kind: 'stage', stage: parent.stage.index } as const)
    const platform = formatPlatform(stage.platform)
    const { name, operations, config, author, origin } = stage
    const signature = JSON.stringify([platform, name, base, own, operations, config, author, origin.startLine])
    const known = this.#stages.get(signature)
    if (known !== undefined) return known
    const merged: PlannedStage = {
      stage: { ...stage, index, base },
      label: planned.label,
      base: mapRoot(planned.base, steps),
      steps: own,
      result: mapRoot(planned.result, steps),
      dockerfileIndex: stage.index,
      platform,
    }
    this.#stages.set(signature, merged)
    this.stages.push(merged)
    return merged
  }

  #step(step: Step, platform: string, steps: ReadonlyMap<number, number>, stage: number): number {
    const { operation, label } = step
    const parent = mapRoot(step.parent, steps)
    const files = step.files === undefined ? undefined : mapRoot(step.files, steps)
    const mounts = step.mounts.map((mount) =>
      mount.files === undefined ? mount : { ...mount, files: mapRoot(mount.files, steps) },
    )
    const signature = JSON.stringify([platform, label, operation, parent, files, mounts])
    const known = this.#steps.get(signature)
    if (known !== undefined) return known
    const index = this.steps.length
    this.steps.push({ index, stage, label, operation, parent, mounts, ...(files === undefined ? {} : { files }) })
    this.#steps.set(signature, index)
    return index
  }
}

function mapRoot(root: Root, steps: ReadonlyMap<number, number>): Root {
  if (root.kind !== 'step') return root
  const step = steps.get(root.step)
  invariant(step !== undefined, 'a step is needed before it is there')
  return { kind: 'step', step }
}

/** `[linux/amd64 build 2/3]` for linux/arm64: `[linux/amd64->arm64 build 2/3]`. */
function withTarget(label: string, target: Platform): string {
  const wanted = formatPlatform(target)
  return label.replace(/^\[(\S+)/, (whole, own: string) => {
    if (own === wanted) return whole
    const [os = ''] = own.split('/')
    return `${whole}->${wanted.startsWith(`${os}/`) ? wanted.slice(os.length + 1) : wanted}`
  })
}
