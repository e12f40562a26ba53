import { type Diagnostic, type Digest, hasErrors, invariant, ToolError } from '../base/index.ts'
import {
  type BuildSummary,
  type BuiltPlatform,
  type EmitEvent,
  fetchTrees,
  needsWork,
  type ProbedGraph,
  platformOf,
  probeGraph,
  runGraph,
  type StepLayers,
  type StepReports,
  type UsedImage,
} from '../build/index.ts'
import { formatPlatform } from '../oci/index.ts'
import { graphImages, type StepGraph } from '../plan/index.ts'
import type { BuildOutcome, BuildRequest } from './build-request.ts'
import { cachePolicy } from './cache-policy.ts'
import { resolveEpoch } from './dating.ts'
import { defineBuild } from './define-build.ts'
import { type FinishedImage, finishImage } from './finish-image.ts'
import type { Host } from './host.ts'
import type { LazyContext } from './lazy-context.ts'
import { isRemovedMeanwhile } from './lease-layers.ts'
import { requireLocal } from './offline.ts'
import { finishOthers } from './other-targets.ts'
import type { RemoteResults } from './remote-results.ts'
import { openScene, type Scene } from './scene.ts'

/**
 * Builds an image. First everything is looked up; when the store has it all, the image is put together and that is
 * all. Else the process enters its namespace (see `enterNamespace`: as a user this starts the command anew) and
 * runs what is missing. Throws `ToolError` when the world fails.
 */
export async function buildImage(
  request: BuildRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<BuildOutcome> {
  // What comes on standard input is not there a second time.
  const mayStartOver = request.context !== '-' && request.file !== '-'
  const first = await attempt(request, host, emit, signal, mayStartOver)
  return first ?? finished(await attempt(request, host, emit, signal, false))
}

function finished(outcome: BuildOutcome | undefined): BuildOutcome {
  invariant(outcome !== undefined, 'the last attempt of a build ends with an outcome')
  return outcome
}

/** Undefined when a prune beside this build took a result that it had found, and `mayStartOver` allows to start over. */
async function attempt(
  request: BuildRequest,
  host: Host,
  emit: EmitEvent,
  signal: AbortSignal,
  mayStartOver: boolean,
): Promise<BuildOutcome | undefined> {
  const startMs = host.nowMs()
  const scene = await openScene(request, host, emit, signal)
  try {
    const epoch = await resolveEpoch(scene, signal)
    const defined = await defineBuild(scene, epoch)
    if (defined.kind === 'failed') return { kind: 'invalid', diagnostics: defined.diagnostics, source: scene.source }
    const { graph } = defined
    const unfetched = await fetchTrees(graph, scene.trees)
    if (request.offline) requireLocal(scene, graph, unfetched)
    if (unfetched.length > 0) return { kind: 'failed', failures: unfetched, source: scene.source }
    let probed = probeGraph(graph, scene.ports, cachePolicy(scene, graph))
    scene.context.save()
    scene.trees.save()
    const diagnostics = [...defined.diagnostics, ...probed.diagnostics]
    if (hasErrors(diagnostics)) return { kind: 'invalid', diagnostics, source: scene.source }
    if (request.planOnly) return await planned(scene, probed)
    const imageMissing = graphImages(graph).some(
      (image) => scene.images.find(image.reference, image.platform) === undefined,
    )
    if (
      needsWork(probed) ||
      imageMissing ||
      request.squash === true ||
      request.cacheTo?.some(({ address }) => address.type !== 'inline') === true ||
      request.outputs.some(({ type }) => type !== 'image')
    )
      await scene.enter()
    if (scene.workshop() !== undefined && !holdHits(scene, probed))
      probed = probeGraph(graph, scene.ports, cachePolicy(scene, graph))
    await requireEmulators(scene, probed)
    for (const diagnostic of [...diagnostics, ...(await gitIgnored(() => scene.context, probed))])
      emit({ kind: 'diagnostic', diagnostic })
    const remote = await openRemote(scene, probed, emit)
    try {
      return await run(scene, probed, emit, signal, startMs, remote)
    } finally {
      await remote?.close()
    }
  } catch (error) {
    if (!mayStartOver || scene.workshop() !== undefined || !isRemovedMeanwhile(error)) throw error
    return undefined
  } finally {
    await scene.close()
  }
}

/** Opens the caches elsewhere, where there is something to take from them or to send to them. */
async function openRemote(scene: Scene, probed: ProbedGraph, emit: EmitEvent): Promise<RemoteResults | undefined> {
  const { cacheFrom = [], cacheTo = [] } = scene.request
  if (cacheTo.every(({ address }) => address.type === 'inline') && (cacheFrom.length === 0 || !needsWork(probed)))
    return undefined
  const { openRemoteResults } = await import('./remote-results.ts')
  return openRemoteResults(scene, probed.graph, emit)
}

/** Holds all that was found, from now to the end of the build; false when something of it is gone already. */
export function holdHits({ ports }: Scene, { outcomes }: ProbedGraph): boolean {
  const hits = outcomes.flatMap((outcome) => (outcome.kind === 'hit' ? [outcome.layer.diffId] : []))
  return hits.map((diffId) => ports.layers.layer(diffId)).every((layer) => layer !== undefined)
}

async function planned(scene: Scene, probed: ProbedGraph): Promise<BuildOutcome> {
  const { explainPlan } = await import('./explain-plan.ts')
  return {
    kind: 'planned',
    probed,
    project: scene.project,
    source: scene.source,
    hasImage: ({ base }) => base.kind !== 'image' || scene.images.find(base.reference, base.platform) !== undefined,
    ...explainPlan(scene, probed),
  }
}

/** Warnings about files that git ignores, for the COPY steps that are about to run. */
export async function gitIgnored(
  contextOf: (tree: string | undefined) => LazyContext | undefined,
  probed: ProbedGraph,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = []
  for (const step of probed.graph.steps) {
    const { operation } = step
    if (probed.outcomes[step.index]?.kind === 'hit' || operation.kind !== 'copy') continue
    if (operation.from.kind !== 'context' || operation.sources.length === 0) continue
    const context = contextOf(operation.from.tree)
    const warning = await context?.gitIgnored(operation.sources, operation.sourceSpans, operation.rules)
    if (warning === undefined) continue
    const { file, span } = operation.origin
    found.push({ code: 'git-ignored-files', severity: 'warning', file, span, ...warning })
  }
  return found
}

async function run(
  scene: Scene,
  probed: ProbedGraph,
  emit: EmitEvent,
  signal: AbortSignal,
  startMs: number,
  remote: RemoteResults | undefined,
): Promise<BuildOutcome> {
  const { jobs, keepGoing } = scene.request
  announceBases(scene, probed, emit)
  const options = { ...cachePolicy(scene, probed.graph), jobs, keepGoing, signal }
  const result = await runGraph(
    probed,
    remote === undefined ? scene.ports : { ...scene.ports, remoteResults: remote },
    options,
    emit,
  )
  noteUses(scene, result.reports)
  const trace = (id?: Digest): Promise<void> => keepTrace(scene, probed.graph, result.reports, startMs, id, emit)
  if (result.kind === 'failed') {
    await trace()
    // What did work out need not be done again elsewhere.
    await remote?.finish('failed')
    await collect(scene, result.reports, startMs, emit)
    return { kind: 'failed', failures: result.failures, source: scene.source }
  }
  const finished = withStepKeys(scene, result.reports)
  const others = await finishOthers(finished, probed.graph, result.layers, emit)
  const { id: imageId, manifest, platforms } = await finish(finished, probed.graph, result.layers, emit)
  await trace(imageId)
  await remote?.finish('done')
  if (scene.request.verify === true) {
    const { verifySteps } = await import('./verify.ts')
    const failures = await verifySteps(scene, probed.graph, result.layers, emit, signal)
    if (failures.length > 0) return { kind: 'failed', failures, source: scene.source }
  }
  await collect(scene, result.reports, startMs, emit)
  const summary: BuildSummary = {
    imageId,
    ...(manifest === undefined ? {} : { manifest }),
    images: usedImages(scene, probed.graph),
    names: scene.names,
    ...(platforms === undefined ? {} : { platforms }),
    ...(others.length === 0
      ? {}
      : { targets: [...others, { target: scene.request.target ?? '', imageId, names: scene.names }] }),
    steps: { total: probed.graph.steps.length, cached: result.cached },
    durationMs: scene.host.nowMs() - startMs,
  }
  emit({ kind: 'result', result: summary })
  return { kind: 'built', summary, source: scene.source }
}

/** What the build stands on or takes files from, as far as it was needed. */
export function usedImages({ images }: Scene, graph: StepGraph): readonly UsedImage[] {
  return graphImages(graph).flatMap(({ reference, platform }) => {
    const found = images.find(reference, platform)
    if (found === undefined) return []
    return [{ name: reference, platform: formatPlatform(platform), digest: found.manifestDigest ?? found.id }]
  })
}

/** With `type=inline` the image carries results of its steps. */
export function withStepKeys(scene: Scene, reports: StepReports): Scene {
  if (scene.request.cacheTo?.some(({ address }) => address.type === 'inline') !== true) return scene
  return { ...scene, stepKeys: new Map([...reports].map(([step, { key }]) => [step, key])) }
}

export async function finish(
  scene: Scene,
  graph: StepGraph,
  layers: StepLayers,
  emit: EmitEvent,
): Promise<FinishedImage & { readonly platforms?: readonly BuiltPlatform[] }> {
  if (scene.targetPlatforms.length === 1) return finishImage(scene, graph, layers, emit)
  const { finishIndex } = await import('./finish-index.ts')
  return finishIndex(scene, graph, layers, emit)
}

/** RUN steps for another processor need an emulator; looked for before anything is built. */
export async function requireEmulators(scene: Scene, probed: ProbedGraph): Promise<void> {
  const { architecture } = scene.platform
  const foreign = probed.graph.steps.filter(
    (step) =>
      step.operation.kind === 'run' &&
      probed.outcomes[step.index]?.kind !== 'hit' &&
      platformOf(probed.graph, step).architecture !== architecture,
  )
  if (foreign.length === 0) return
  const { requireEmulation } = await import('./require-emulation.ts')
  await requireEmulation(scene, probed.graph, foreign)
}

/** Notes which results the build used, so that the most used ones are removed last. */
export function noteUses({ store, host }: Scene, reports: StepReports): void {
  const used = [...reports.values()].filter(({ status }) => status === 'cached' || status === 'ran')
  store.uses.note(
    used.flatMap(({ key }) => key ?? []),
    host.nowMs(),
  )
}

/** A build that made something sees to it that the cache does not grow for ever. */
export async function collect(scene: Scene, reports: StepReports, startMs: number, emit: EmitEvent): Promise<void> {
  if ([...reports.values()].every(({ status }) => status === 'cached')) return
  const { store, host, request } = scene
  const { keepBudget } = await import('./keep-budget.ts')
  await keepBudget(store.root, host, request.cacheBudget, Math.min(startMs, host.startedMs), emit)
}

/** Remembers what a build did that executed something, or that is the first of its project. */
async function keepTrace(
  scene: Scene,
  graph: StepGraph,
  reports: StepReports,
  startMs: number,
  imageId: Digest | undefined,
  emit: EmitEvent,
): Promise<void> {
  const allCached = [...reports.values()].every((report) => report.status === 'cached')
  // The first one is kept all the same: what changes next is told against it.
  if (allCached && scene.store.traces.hasTraces(scene.project)) return
  const { recordTrace } = await import('./build-trace.ts')
  const task = 'trace'
  const timeMs = scene.host.nowMs()
  try {
    recordTrace(scene, graph, reports, startMs, imageId)
  } catch (error) {
    // The image is made, or the failure is about to be told: neither waits for what `why` would like to know.
    if (!(error instanceof ToolError)) throw error
    emit({ kind: 'task-start', task, label: '[internal] remember why steps ran', timeMs })
    emit({ kind: 'task-end', task, status: 'failed', error: error.message, durationMs: 0, timeMs })
  }
}

/** Shows the FROM lines whose image is in the store. */
export function announceBases(scene: Scene, probed: ProbedGraph, emit: EmitEvent): void {
  for (const stage of probed.graph.stages) {
    if (stage.base.kind !== 'image') continue
    const timeMs = scene.host.nowMs()
    const task = `stage-${stage.stage.index}`
    emit({ kind: 'task-start', task, label: stage.label, timeMs })
    emit({ kind: 'task-end', task, status: 'cached', durationMs: 0, timeMs })
  }
}
