import { invariant } from '../base/index.ts'
import { formatPlatform } from '../oci/index.ts'
import type { PlannedStage, Root, Step, StepGraph } from './graph.ts'

export type ImageRoot = Pick<Extract<Root, { kind: 'image' }>, 'reference' | 'platform'>

export interface AddedGraph<User> {
  readonly graph: StepGraph
  /** For whom its steps are there. */
  readonly user: User
  /** The stage of the merged graph that stands for an image, if one does. */
  readonly link?: (image: ImageRoot) => PlannedStage | undefined
}

/** Where the stages of a graph are in the merged one. */
export interface AddedStages {
  readonly target: PlannedStage
  readonly stages: ReadonlyMap<number, PlannedStage>
}

/** Where a stage is put: what is there of its own graph, and the number it gets. */
interface Placing {
  readonly stages: ReadonlyMap<number, PlannedStage>
  readonly steps: Map<number, number>
  readonly link: (image: ImageRoot) => PlannedStage | undefined
  readonly index: number
}

/** A graph that others are added to; what is the same in several of them is there once. */
export class MergedGraph<User> {
  readonly steps: Step[] = []
  readonly stages: PlannedStage[] = []
  readonly #steps = new Map<string, number>()
  readonly #stages = new Map<string, PlannedStage>()
  /** For whom a step or stage is there. */
  readonly #users = new Map<number | PlannedStage, Set<User>>()
  #freeIndex = 0

  /** Adds a graph; says where its stages are in the merged one, by their number in its own. */
  add({ graph, user, link = () => undefined }: AddedGraph<User>): AddedStages {
    const isFirst = this.stages.length === 0
    const stages = new Map<number, PlannedStage>()
    const steps = new Map<number, number>()
    for (const planned of graph.stages) {
      const { index } = planned.stage
      const place = { stages, steps, link, index: isFirst ? index : this.#freeIndex }
      const merged = this.#stage(graph, planned, place)
      this.#freeIndex = Math.max(this.#freeIndex, merged.stage.index + 1)
      stages.set(index, merged)
    }
    for (const used of [...stages.values(), ...steps.values()]) {
      this.#users.set(used, (this.#users.get(used) ?? new Set()).add(user))
    }
    const target = stages.get(graph.target.stage.index)
    invariant(target !== undefined, 'the target is not among the stages')
    return { target, stages }
  }

  /** Steps and stages with labels that `label` makes of their own and of those for whom they are there. */
  labelled(label: (text: string, users: readonly User[]) => string): {
    readonly steps: readonly Step[]
    readonly stages: ReadonlyMap<PlannedStage, PlannedStage>
  } {
    const shown = (used: number | PlannedStage, text: string): string => label(text, [...(this.#users.get(used) ?? [])])
    return {
      steps: this.steps.map((step) => ({ ...step, label: shown(step.index, step.label) })),
      stages: new Map(this.stages.map((stage) => [stage, { ...stage, label: shown(stage, stage.label) }])),
    }
  }

  #stage(graph: StepGraph, planned: PlannedStage, place: Placing): PlannedStage {
    const { stages, steps, index } = place
    const { stage } = planned
    const own = planned.steps.map((position) => {
      const step = graph.steps[position]
      invariant(step !== undefined, 'a stage without its step')
      const merged = this.#step(step, formatPlatform(stage.platform), place)
      steps.set(position, merged)
      return merged
    })
    const linked = stage.base.kind === 'image' ? place.link(stage.base) : undefined
    const parent = stage.base.kind === 'stage' ? stages.get(stage.base.stage) : linked
    const base = parent === undefined ? stage.base : ({ kind: 'stage', stage: parent.stage.index } as const)
    const platform = formatPlatform(stage.platform)
    const { name, operations, config, author, origin } = stage
    const signature = JSON.stringify([platform, name, base, own, operations, config, author, origin.startLine])
    const known = this.#stages.get(signature)
    if (known !== undefined) return known
    const merged: PlannedStage = {
      stage: { ...stage, index, base },
      label: planned.label,
      base: mapRoot(planned.base, place),
      steps: own,
      result: mapRoot(planned.result, place),
      dockerfileIndex: stage.index,
      platform,
    }
    this.#stages.set(signature, merged)
    this.stages.push(merged)
    return merged
  }

  #step(step: Step, platform: string, place: Placing): number {
    const { operation, label } = step
    const parent = mapRoot(step.parent, place)
    const files = step.files === undefined ? undefined : mapRoot(step.files, place)
    const mounts = step.mounts.map((mount) =>
      mount.files === undefined ? mount : { ...mount, files: mapRoot(mount.files, place) },
    )
    const signature = JSON.stringify([platform, label, operation, parent, files, mounts])
    const known = this.#steps.get(signature)
    if (known !== undefined) return known
    const index = this.steps.length
    this.steps.push({
      index,
      stage: place.index,
      label,
      operation,
      parent,
      mounts,
      ...(files === undefined ? {} : { files }),
    })
    this.#steps.set(signature, index)
    return index
  }
}

function mapRoot(root: Root, { steps, link }: Placing): Root {
  if (root.kind === 'image') return link(root)?.result ?? root
  if (root.kind !== 'step') return root
  const step = steps.get(root.step)
  invariant(step !== undefined, 'a step is needed before it is there')
  return { kind: 'step', step }
}
