import { type Diagnostic, hasErrors, invariant, type SourceFile } from '../base/index.ts'
import {
  type BuildSummary,
  type BuiltTarget,
  type CachePolicy,
  type EmitEvent,
  fetchTrees,
  needsWork,
  type ProbedGraph,
  probeGraph,
  type RunPorts,
  runGraph,
  type StepFailure,
  type StepLayers,
  type StepReports,
} from '../build/index.ts'
import { graphImages } from '../plan/index.ts'
import { type BakeGraph, defineBake } from './bake-graph.ts'
import { type BakeScene, type BakeTargetRequest, bakePorts, closeBakeScenes, openBakeScenes } from './bake-scenes.ts'
import {
  announceBases,
  collect,
  finish,
  gitIgnored,
  holdHits,
  noteUses,
  requireEmulators,
  usedImages,
  withStepKeys,
} from './build.ts'
import { cachePolicy } from './cache-policy.ts'
import { resolveEpoch } from './dating.ts'
import type { Host } from './host.ts'
import { isRemovedMeanwhile } from './lease-layers.ts'
import { requireLocal } from './offline.ts'
import type { RemoteResults } from './remote-results.ts'
import type { Scene } from './scene.ts'

/** How a bake ended. `sources` are the Dockerfiles, for excerpts. */
export type BakeOutcome =
  /** Every target under its name in `summary.targets`. */
  | { readonly kind: 'built'; readonly summary: BuildSummary; readonly sources: readonly SourceFile[] }
  | {
      readonly kind: 'planned'
      readonly probed: ProbedGraph
      readonly bake: BakeGraph
      readonly sources: readonly SourceFile[]
    }
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[]; readonly sources: readonly SourceFile[] }
  | { readonly kind: 'failed'; readonly failures: readonly StepFailure[]; readonly sources: readonly SourceFile[] }

/**
 * Builds targets, each after those whose results it uses, as one graph: contexts are looked at once, and steps that are the same in
 * several run once. What is said of the whole (jobs, offline, isolation, dating, the cache's budget) the first request says. Throws
 * `ToolError` when the world fails.
 */
export async function bakeImages(
  targets: readonly BakeTargetRequest[],
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<BakeOutcome> {
  const first = await attempt(targets, host, emit, signal, true)
  const outcome = first ?? (await attempt(targets, host, emit, signal, false))
  invariant(outcome !== undefined, 'the last attempt of a bake ends with an outcome')
  return outcome
}

/** As of a build: undefined when a prune beside this took a result that it had found, and `mayStartOver` allows to start over. */
async function attempt(
  targets: readonly BakeTargetRequest[],
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
  mayStartOver: boolean,
): Promise<BakeOutcome | undefined> {
  const startMs = host.nowMs()
  const scenes = await openBakeScenes(targets, host, emit, signal)
  const house = houseOf(scenes)
  try {
    return await bake(scenes, house, emit, signal, startMs)
  } catch (error) {
    if (!mayStartOver || house.workshop() !== undefined || !isRemovedMeanwhile(error)) throw error
    return undefined
  } finally {
    await closeBakeScenes(scenes)
  }
}

function houseOf(scenes: readonly BakeScene[]): Scene {
  const house = scenes[0]?.scene
  invariant(house !== undefined, 'a bake of no target')
  return house
}

async function bake(
  scenes: readonly BakeScene[],
  house: Scene,
  emit: EmitEvent,
  signal: AbortSignal,
  startMs: number,
): Promise<BakeOutcome> {
  const sources = [...new Map(scenes.map(({ scene }) => [scene.source.name, scene.source])).values()]
  const defined = await defineBake(scenes, await resolveEpoch(house, signal))
  if (defined.kind === 'failed') return { kind: 'invalid', diagnostics: defined.diagnostics, sources }
  const { graph, trees, owners } = defined
  const ports = bakePorts(scenes, trees, owners)
  const unfetched = await fetchTrees(graph, ports.trees)
  if (house.request.offline) requireLocal(house, graph, unfetched)
  if (unfetched.length > 0) return { kind: 'failed', failures: unfetched, sources }
  const policy = bakePolicy(scenes, defined)
  let probed = probeGraph(graph, ports, policy)
  for (const { scene } of scenes) {
    scene.context.save()
    scene.trees.save()
  }
  const diagnostics = [...defined.diagnostics, ...probed.diagnostics]
  if (hasErrors(diagnostics)) return { kind: 'invalid', diagnostics, sources }
  if (house.request.planOnly) return { kind: 'planned', probed, bake: defined, sources }
  if (mustEnter(scenes, probed, ports)) await house.enter()
  if (house.workshop() !== undefined && !holdHits(house, probed)) probed = probeGraph(graph, ports, policy)
  await requireEmulators(house, probed)
  for (const diagnostic of [...diagnostics, ...(await gitIgnored((tree) => trees.context(tree), probed))])
    emit({ kind: 'diagnostic', diagnostic })
  const remote = await openRemote(scenes, house, probed, emit)
  try {
    const all = remote === undefined ? ports : { ...ports, remoteResults: remote }
    return await run(scenes, { probed, bake: defined, policy, sources, startMs, remote }, all, emit, signal)
  } finally {
    await remote?.close()
  }
}

/** What is to be run, and what is told of it afterwards. */
interface ReadyBake {
  readonly probed: ProbedGraph
  readonly bake: BakeGraph
  readonly policy: CachePolicy
  readonly sources: readonly SourceFile[]
  readonly startMs: number
  readonly remote: RemoteResults | undefined
}

async function run(
  scenes: readonly BakeScene[],
  { probed, bake: defined, policy, sources, startMs, remote }: ReadyBake,
  ports: RunPorts,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<BakeOutcome> {
  const house = houseOf(scenes)
  announceBases(house, probed, emit)
  const { jobs, keepGoing } = house.request
  const result = await runGraph(probed, ports, { ...policy, jobs, keepGoing, signal }, emit)
  noteUses(house, result.reports)
  if (result.kind === 'failed') {
    await remote?.finish('failed')
    await collect(house, result.reports, startMs, emit)
    return { kind: 'failed', failures: result.failures, sources }
  }
  const built = await finishAll(scenes, defined, result, ports, emit)
  await remote?.finish('done')
  await collect(house, result.reports, startMs, emit)
  const steps = { total: probed.graph.steps.length, cached: result.cached }
  const summary = summarize({ ...house, images: ports.images }, defined, built, steps, startMs)
  emit({ kind: 'result', result: summary })
  return { kind: 'built', summary, sources }
}

/** The caches elsewhere of all targets together: each result is an artifact of its own, so one more does no harm. */
async function openRemote(
  scenes: readonly BakeScene[],
  house: Scene,
  probed: ProbedGraph,
  emit: EmitEvent,
): Promise<RemoteResults | undefined> {
  const unique = <T>(all: readonly T[]): readonly T[] => [
    ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
  ]
  const cacheFrom = unique(scenes.flatMap(({ scene }) => scene.request.cacheFrom ?? []))
  const cacheTo = unique(scenes.flatMap(({ scene }) => scene.request.cacheTo ?? []))
  if (cacheTo.length === 0 && (cacheFrom.length === 0 || !needsWork(probed))) return undefined
  const { openRemoteResults } = await import('./remote-results.ts')
  return openRemoteResults({ ...house, request: { ...house.request, cacheFrom, cacheTo } }, probed.graph, emit)
}

/** Whether something has to be made: steps, pulls, or archives. */
function mustEnter(scenes: readonly BakeScene[], probed: ProbedGraph, { images }: RunPorts): boolean {
  return (
    needsWork(probed) ||
    graphImages(probed.graph).some((image) => images.find(image.reference, image.platform) === undefined) ||
    scenes.some(
      ({ scene: { request } }) =>
        (request.cacheTo ?? []).length > 0 || request.outputs.some(({ type }) => type !== 'image'),
    )
  )
}

/** A stage takes no remembered result when one of the targets that it is of wants none. */
function bakePolicy(scenes: readonly BakeScene[], { parts }: BakeGraph): CachePolicy {
  const stages = new Set<number>()
  let oldest: CachePolicy = { noCache: false }
  for (const { target, graph, stages: merged } of parts) {
    const { scene } = target
    const { noCache, noCacheStages, notBeforeMs } = cachePolicy(scene, graph)
    for (const [index, planned] of merged) {
      if (noCache || noCacheStages?.has(index) === true) stages.add(planned.stage.index)
    }
    if (notBeforeMs !== undefined) oldest = { ...oldest, notBeforeMs }
  }
  invariant(scenes.length > 0, 'a bake of no target')
  return { ...oldest, noCacheStages: stages }
}

/** The images of all targets but those that others alone wanted. */
async function finishAll(
  scenes: readonly BakeScene[],
  { graph, parts }: BakeGraph,
  { layers, reports }: { readonly layers: StepLayers; readonly reports: StepReports },
  { images }: RunPorts,
  emit: EmitEvent,
): Promise<readonly BuiltTarget[]> {
  const built: BuiltTarget[] = []
  for (const one of scenes) {
    if (one.isLinked) continue
    const targets = parts.flatMap(({ target }, position) => (target === one ? (graph.targets[position] ?? []) : []))
    const [target] = targets
    invariant(target !== undefined, 'a target without its stage')
    const scene = withStepKeys({ ...one.scene, images }, reports)
    const { id, manifest, platforms } = await finish(scene, { ...graph, target, targets }, layers, emit)
    built.push({
      target: one.name,
      imageId: id,
      names: scene.names,
      ...(manifest === undefined ? {} : { manifest }),
      ...(platforms === undefined ? {} : { platforms }),
    })
  }
  return built
}

function summarize(
  scene: Scene,
  { graph }: BakeGraph,
  targets: readonly BuiltTarget[],
  steps: BuildSummary['steps'],
  startMs: number,
): BuildSummary {
  const last = targets.at(-1)
  invariant(last !== undefined, 'a bake that made nothing')
  const { imageId, names } = last
  const durationMs = scene.host.nowMs() - startMs
  return { imageId, names, targets, images: usedImages(scene, graph), steps, durationMs }
}
