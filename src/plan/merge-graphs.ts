import { invariant } from '../base/index.ts'
import { formatPlatform, type Platform } from '../oci/index.ts'
import type { PlannedStage, StepGraph } from './graph.ts'
import { MergedGraph } from './merged-graph.ts'

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
  const merged = new MergedGraph<Platform>()
  const targets = parts.map(({ graph, platform }) => merged.add({ graph, user: platform }).target)
  const { epoch } = first.graph
  const target = targets[0]
  invariant(target !== undefined, 'a graph without a target')
  const { steps, stages } = merged.labelled((text, [only, other]) =>
    only === undefined || other !== undefined ? text : withTarget(text, only),
  )
  const shown = (planned: PlannedStage): PlannedStage => stages.get(planned) ?? planned
  return {
    steps,
    stages: [...stages.values()],
    target: shown(target),
    targets: targets.map(shown),
    ...(epoch === undefined ? {} : { epoch }),
  }
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
