import { invariant } from '../base/index.ts'
import type { PlannedStage, StepGraph } from './graph.ts'
import { type ImageRoot, MergedGraph } from './merged-graph.ts'

/** The graph of one of several builds that belong together. */
export interface GraphPart {
  /** As labels show it. */
  readonly name: string
  readonly graph: StepGraph
  /** Which earlier part's target an image stands for, by its position; undefined for an image that is one. */
  readonly link: (image: ImageRoot) => number | undefined
}

/** One graph of several, and where the stages of each are in it. */
export interface JoinedGraph {
  /** Its targets are those of the parts, in order. */
  readonly graph: StepGraph
  /** For each part: its stages by their number in its own graph. */
  readonly stages: readonly ReadonlyMap<number, PlannedStage>[]
}

/**
 * One graph of the graphs of several Dockerfiles, arguments and platforms. What is the same in several is there once; the result of
 * one part can be the base of another, or give it files. A step of one part alone has its name in the label: `[app build 2/3]`.
 */
export function joinGraphs(parts: readonly GraphPart[]): JoinedGraph {
  const [first] = parts
  invariant(first !== undefined, 'a graph of no part')
  const merged = new MergedGraph<string>()
  const targets: PlannedStage[] = []
  const added: ReadonlyMap<number, PlannedStage>[] = []
  for (const { name, graph, link } of parts) {
    const linked = (image: ImageRoot): PlannedStage | undefined => {
      const position = link(image)
      return position === undefined ? undefined : targets[position]
    }
    const { target, stages } = merged.add({ graph, user: name, link: linked })
    targets.push(target)
    added.push(stages)
  }
  const { steps, stages } = merged.labelled((text, [only, other]) =>
    only === undefined || other !== undefined ? text : text.replace('[', () => `[${only} `),
  )
  const shown = (planned: PlannedStage): PlannedStage => stages.get(planned) ?? planned
  const [target] = targets
  invariant(target !== undefined, 'a graph without a target')
  const { epoch } = first.graph
  return {
    graph: {
      steps,
      stages: [...stages.values()],
      target: shown(target),
      targets: targets.map(shown),
      ...(epoch === undefined ? {} : { epoch }),
    },
    stages: added.map((own) => new Map([...own].map(([index, planned]) => [index, shown(planned)]))),
  }
}
