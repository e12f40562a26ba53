import type { ProbedGraph } from '../build/index.ts'
import type { BuildTrace } from '../ports/index.ts'
import { tracedBases } from './build-trace.ts'
import { type ExplainFacts, type Explanation, explainMiss } from './explain-miss.ts'
import type { Scene } from './scene.ts'

/** Explains every step of a probed graph that is no hit, and finds the last build of the project. Reads only. */
export function explainPlan(
  scene: Scene,
  probed: ProbedGraph,
): { readonly explanations: ReadonlyMap<number, Explanation>; readonly lastBuild?: BuildTrace } {
  const { graph } = probed
  const { store, context, trees } = scene
  const earlier = store.traces.traces(scene.project)
  const facts: ExplainFacts = {
    graph,
    store,
    project: scene.project,
    context,
    trees,
    earlier,
    bases: tracedBases(scene, graph),
  }
  const explanations = new Map<number, Explanation>()
  for (const step of graph.steps) {
    const outcome = probed.outcomes[step.index]
    if (outcome?.kind === 'unknown')
      explanations.set(step.index, { causes: [{ kind: 'waits', for: outcome.waitsFor }] })
    if (outcome?.kind !== 'miss') continue
    explanations.set(step.index, explainMiss(facts, step, outcome.key, outcome.components, outcome.reason))
  }
  const lastBuild = earlier.find(({ steps }) => steps.some(({ status }) => status !== 'cached'))
  return { explanations, ...(lastBuild === undefined ? {} : { lastBuild }) }
}
