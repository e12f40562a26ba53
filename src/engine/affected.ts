import { type Diagnostic, invariant } from '../base/index.ts'
import { type EmitEvent, stageChain } from '../build/index.ts'
import { copyParts, inputRoot, type Root, type Step, takesFiles } from '../plan/index.ts'
import type { CommitTree } from '../remote/commit-tree.ts'
import { type BakeGraph, defineBake } from './bake-graph.ts'
import { type BakeScene, type BakeTargetRequest, closeBakeScenes, openBakeScenes } from './bake-scenes.ts'
import { type AffectedReason, ContextComparison, dockerfilePath, pathInRepository } from './compare-context.ts'
import type { Host } from './host.ts'

/** A step that a change can reach. */
export interface AffectedStep {
  /** As progress shows it. */
  readonly label: string
  readonly file: string
  readonly startLine: number
  /** Of the step itself; empty when only a step before it is reached. */
  readonly reasons: readonly AffectedReason[]
}

/** What a change since a commit means for a target. */
export interface AffectedTarget {
  readonly name: string
  readonly isLinked: boolean
  readonly isAffected: boolean
  readonly reasons: readonly AffectedReason[]
  readonly steps: readonly AffectedStep[]
}

export type AffectedOutcome =
  | { readonly kind: 'compared'; readonly commit: string; readonly targets: readonly AffectedTarget[] }
  /** A Dockerfile is wrong. */
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[]; readonly sources: readonly BakeScene[] }

/** What the bake files say of a target and did not say at the commit. */
export type DefinitionChange = (target: string, commit: CommitTree) => AffectedReason | undefined

/**
 * Says which targets and steps a change since `ref` can reach, and why. Nothing is built. What each step takes is compared with what
 * it would have taken at the commit, by content; a Dockerfile that changed reaches all of its target, and a target all that stand
 * on it. What git cannot tell counts as changed. Base images and what ADD fetches are no part of the repository, and no change of it reaches
 * them. Throws `ToolError`.
 */
export async function affectedTargets(
  targets: readonly BakeTargetRequest[],
  ref: string,
  definition: (commit: CommitTree) => Promise<DefinitionChange>,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<AffectedOutcome> {
  const planned = targets.map((target) => ({ ...target, request: { ...target.request, planOnly: true, pull: false } }))
  const scenes = await openBakeScenes(planned, host, emit, signal)
  try {
    const [house] = scenes
    invariant(house !== undefined, 'a bake of no target')
    const git = await house.scene.remote.client()
    const commit = await git.commitTree(host.cwd, ref, signal)
    const defined = await defineBake(scenes, undefined)
    if (defined.kind === 'failed') return { kind: 'invalid', diagnostics: defined.diagnostics, sources: scenes }
    const steps = await affectedSteps(defined, await ContextComparison.open(commit))
    const changed = await definition(commit)
    const found: AffectedTarget[] = []
    for (const one of scenes) {
      const own = [
        ...(await dockerfileReasons(one, commit)),
        ...definitionReasons(one, changed, commit),
        ...layoutReasons(one),
      ]
      found.push(affectedTarget(one, defined, steps, own, found))
    }
    return { kind: 'compared', commit: commit.commit, targets: found }
  } finally {
    await closeBakeScenes(scenes)
  }
}

function definitionReasons(
  { name }: BakeScene,
  changed: DefinitionChange,
  commit: CommitTree,
): readonly AffectedReason[] {
  const reason = changed(name, commit)
  return reason === undefined ? [] : [reason]
}

/** What is in an image layout nobody compares. */
function layoutReasons({ scene: { request } }: BakeScene): readonly AffectedReason[] {
  return Object.entries(request.contexts)
    .filter(([, value]) => value.startsWith('oci-layout://'))
    .map(([name, value]) => ({ kind: 'undecided', message: `the context "${name}" is an image layout, ${value}` }))
}

async function dockerfileReasons({ scene }: BakeScene, commit: CommitTree): Promise<readonly AffectedReason[]> {
  // One that stands in the bake file changes with that; one that was fetched is no part of the repository.
  if (scene.request.dockerfileText !== undefined || scene.context.fetched) return []
  const file = dockerfilePath(scene)
  if (file === undefined) return [{ kind: 'undecided', message: 'the Dockerfile is no file of the repository' }]
  const path = pathInRepository(file, commit)
  if (typeof path !== 'string') return [path]
  const then = await commit.text(path)
  if (then === undefined) {
    return [{ kind: 'dockerfile', message: `${path} is not in the commit`, path, change: 'added' }]
  }
  return then === scene.source.text
    ? []
    : [{ kind: 'dockerfile', message: `${path} was changed`, path, change: 'changed' }]
}

/** Own reasons of each step that is reached, by its number; empty for one that only a step before it makes differ. */
async function affectedSteps(
  { graph, trees }: BakeGraph,
  comparison: ContextComparison,
): Promise<ReadonlyMap<number, readonly AffectedReason[]>> {
  const found = new Map<number, readonly AffectedReason[]>()
  const isReached = (root: Root | undefined): boolean => root?.kind === 'step' && found.has(root.step)
  for (const step of graph.steps) {
    const reasons: AffectedReason[] = []
    for (const part of partsOf(step)) {
      const place = trees.place(part.source)
      if (place !== undefined) reasons.push(...(await comparison.reasons(part, place.scene, place.source)))
    }
    const above = [inputRoot(step), step.files, ...step.mounts.map(({ files }) => files)]
    if (reasons.length > 0 || above.some(isReached)) found.set(step.index, reasons)
  }
  return found
}

function partsOf({ operation, mounts }: Step) {
  const copied = operation.kind === 'copy' && takesFiles(operation) ? copyParts(operation) : []
  return [...copied, ...mounts.flatMap(({ source }) => copyParts(source))]
}

function affectedTarget(
  one: BakeScene,
  { graph, parts }: BakeGraph,
  steps: ReadonlyMap<number, readonly AffectedReason[]>,
  own: readonly AffectedReason[],
  earlier: readonly AffectedTarget[],
): AffectedTarget {
  const reached: AffectedStep[] = []
  const needed = new Set<number>()
  let isReached = false
  for (const [position, { target }] of parts.entries()) {
    const planned = graph.targets[position]
    if (target !== one || planned === undefined) continue
    const chain = stageChain(graph, planned).flatMap((stage) => stage.steps)
    isReached ||= chain.some((step) => steps.has(step))
    for (const step of chain) addNeeded(graph.steps, step, needed)
  }
  for (const step of graph.steps) {
    const reasons = needed.has(step.index) ? steps.get(step.index) : undefined
    if (reasons === undefined) continue
    const { file, startLine } = step.operation.origin
    reached.push({ label: step.label, file, startLine, reasons })
  }
  const linked = earlier.filter(({ name, isAffected }) => isAffected && Object.values(one.links).includes(name))
  const reasons = [
    ...own,
    ...linked.map(({ name }) => ({ kind: 'target', message: `it stands on the target "${name}"` }) as const),
    ...reached.flatMap((step) => step.reasons),
  ]
  const unique = [...new Map(reasons.map((reason) => [JSON.stringify(reason), reason])).values()]
  const isAffected = isReached || own.length > 0 || linked.length > 0
  return { name: one.name, isLinked: one.isLinked, isAffected, reasons: isAffected ? unique : [], steps: reached }
}

/** A step and all that it needs. */
function addNeeded(steps: readonly Step[], index: number, needed: Set<number>): void {
  const step = steps[index]
  if (step === undefined || needed.has(index)) return
  needed.add(index)
  for (const root of [step.parent, step.files, ...step.mounts.map(({ files }) => files)]) {
    if (root?.kind === 'step') addNeeded(steps, root.step, needed)
  }
}
