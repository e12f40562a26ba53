import { type Diagnostic, invariant, ToolError } from '../base/index.ts'
import type { NeededImage } from '../ir/index.ts'
import { formatPlatform, type ImageConfig, normalizePlatform, type Platform } from '../oci/index.ts'
import {
  type Epoch,
  joinGraphs,
  type LayerOperation,
  type PlannedStage,
  type StepGraph,
  withTrees,
} from '../plan/index.ts'
import { type BakeScene, BakeTrees, linkReference } from './bake-scenes.ts'
import { defineGraphs } from './define-build.ts'

/** What one target is for one platform. */
export interface BakePart {
  readonly target: BakeScene
  readonly platform: Platform
  /** Its own graph. */
  readonly graph: StepGraph
  /** Where its stages are in the graph of all, by their number in its own. */
  readonly stages: ReadonlyMap<number, PlannedStage>
}

/** One graph of all targets. */
export interface BakeGraph {
  readonly kind: 'defined'
  /** Its targets are those of `parts`, in order. */
  readonly graph: StepGraph
  readonly parts: readonly BakePart[]
  readonly trees: BakeTrees
  /** Which target brought a step. */
  readonly owners: ReadonlyMap<LayerOperation, BakeScene>
  readonly diagnostics: readonly Diagnostic[]
}

type OpenPart = Omit<BakePart, 'stages'>

/** Understands the Dockerfiles of all targets; what one says of its result, those that stand on it know. */
export async function defineBake(
  scenes: readonly BakeScene[],
  epoch: Epoch | undefined,
): Promise<BakeGraph | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] }> {
  const trees = new BakeTrees()
  const parts: OpenPart[] = []
  const diagnostics = new Map<string, Diagnostic>()
  let failed = false
  for (const target of scenes) {
    const { scene } = target
    // A target that stands on one that is wrong cannot be looked at.
    if (Object.values(target.links).some((name) => !parts.some((part) => part.target.name === name))) continue
    const defined = await defineGraphs(scene, epoch, (image) => linkedConfig(parts, image))
    for (const one of defined.diagnostics) diagnostics.set(JSON.stringify(one), one)
    if (defined.kind === 'failed') failed = true
    else {
      for (const [position, graph] of defined.graphs.entries()) {
        const platform = scene.targetPlatforms[position]
        invariant(platform !== undefined, 'a graph for no platform')
        parts.push({ target, platform, graph: withTrees(graph, (source) => trees.treeOf(target, source)) })
      }
    }
  }
  if (failed) return { kind: 'failed', diagnostics: [...diagnostics.values()] }
  const joined = joinGraphs(
    parts.map(({ target, graph }) => ({
      name: target.name,
      graph,
      link: (image) => {
        const part = linkedPart(parts, image)
        return part === undefined ? undefined : parts.indexOf(part)
      },
    })),
  )
  const owners = new Map<LayerOperation, BakeScene>()
  for (const { target, graph } of parts) for (const { operation } of graph.steps) owners.set(operation, target)
  return {
    kind: 'defined',
    graph: joined.graph,
    parts: parts.map((part, position) => ({ ...part, stages: joined.stages[position] ?? new Map() })),
    trees,
    owners,
    diagnostics: [...diagnostics.values()],
  }
}

/** The part that an image stands for. A target for one platform serves all; of several it is the one that is asked for. */
function linkedPart(
  parts: readonly OpenPart[],
  { reference, platform }: Pick<NeededImage, 'reference' | 'platform'>,
): OpenPart | undefined {
  const own = parts.filter(({ target }) => linkReference(target.name) === reference)
  const [first, ...others] = own
  if (first === undefined || others.length === 0) return first
  const wanted = formatPlatform(normalizePlatform(platform))
  const found = own.find((part) => formatPlatform(normalizePlatform(part.platform)) === wanted)
  if (found !== undefined) return found
  const offered = own.map((part) => formatPlatform(part.platform)).join(', ')
  throw new ToolError(
    'platform-mismatch',
    `the target "${first.target.name}" is built for ${offered}, not for ${wanted}`,
    {
      hint: `add ${wanted} to its platforms`,
    },
  )
}

/** The config that the result of a target will have. */
function linkedConfig(parts: readonly OpenPart[], image: NeededImage): ImageConfig | undefined {
  const part = linkedPart(parts, image)
  if (part === undefined) return undefined
  const { stage } = part.graph.target
  const { labels } = part.target.scene.request
  const all = { ...stage.config.labels, ...labels }
  const config = Object.keys(all).length === 0 ? stage.config : { ...stage.config, labels: all }
  const author = stage.author === undefined ? {} : { author: stage.author }
  return { platform: stage.platform, ...author, config, diffIds: [], history: [] }
}
