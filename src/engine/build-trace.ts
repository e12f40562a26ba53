import { randomBytes } from 'node:crypto'
import { type ContentDigest, type Digest, type ListedEntry, parseContentDigest } from '../base/index.ts'
import { contentOf, type StepReport, type StepReports } from '../build/index.ts'
import type { Step, StepGraph } from '../plan/index.ts'
import type { BuildTrace, MissCause, TracedBase, TracedStep } from '../ports/index.ts'
import { type ExplainFacts, explainMiss, placeOf } from './explain-miss.ts'
import type { Scene } from './scene.ts'

/**
 * Remembers a build that executed something, with the cause of every miss, for `why` and `logs --build`. (A build that
 * found everything cached leaves no trace: it changed nothing that a question could be about.)
 */
export function recordTrace(
  scene: Scene,
  graph: StepGraph,
  reports: StepReports,
  startMs: number,
  imageId: Digest | undefined,
): void {
  const { store, context, host } = scene
  const facts: ExplainFacts = {
    graph,
    store,
    project: scene.project,
    context,
    earlier: store.traces.traces(scene.project),
    bases: tracedBases(scene, graph),
  }
  const steps = graph.steps.map((step) => tracedStep(facts, step, reports))
  const created = new Date(startMs).toISOString()
  const trace: BuildTrace = {
    id: `${created.replace(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`,
    created,
    durationMs: host.nowMs() - startMs,
    ...(imageId === undefined ? {} : { imageId }),
    bases: facts.bases,
    steps,
  }
  const logs = new Map<number, Uint8Array>()
  for (const [index, { log }] of reports) if (log !== undefined && log.length > 0) logs.set(index, log)
  store.traces.writeTrace(scene.project, trace, { logs, listings: newListings(scene, graph, reports) })
}

/** The images that stages start from, as the store has them. */
export function tracedBases(scene: Scene, graph: StepGraph): readonly TracedBase[] {
  return graph.stages.flatMap(({ stage, base }) => {
    if (base.kind !== 'image') return []
    const image = scene.images.find(base.reference, base.platform)
    if (image === undefined) return []
    return [{ stage: stage.name, reference: base.reference, imageId: image.id, layers: contentOf(image.layers) }]
  })
}

function tracedStep(facts: ExplainFacts, step: Step, reports: StepReports): TracedStep {
  const { name, ordinal } = placeOf(facts.graph, step)
  const { text, file, startLine } = step.operation.origin
  const place = { label: step.label, stage: name, ordinal, text, file, startLine }
  const report = reports.get(step.index)
  if (report === undefined) return { ...place, status: 'not-reached', durationMs: 0, causes: [] }
  const { status, key, components, durationMs, exitCode, reason } = report
  const recorded = status === 'cached' || status === 'ran'
  const causes: readonly MissCause[] =
    status === 'cached' ? [] : explainMiss(facts, step, key, components, reason).causes
  const files = contextFiles(step, report)
  return {
    ...place,
    status,
    key,
    ...(files === undefined ? {} : { files }),
    ...(recorded ? {} : { components }),
    ...(exitCode === undefined ? {} : { exitCode }),
    durationMs,
    causes,
  }
}

/** Content digest of what a COPY or ADD took from the build context, and from nowhere else. */
function contextFiles({ operation }: Step, { components }: StepReport): ContentDigest | undefined {
  const { files } = components
  if (operation.kind !== 'copy' || operation.from.kind !== 'context' || operation.remotes !== undefined)
    return undefined
  return typeof files === 'string' ? parseContentDigest(files) : undefined
}

/** Which files those digests stand for, where that is not known yet, so that the next change can be named. */
function newListings(
  { store, project, context }: Scene,
  graph: StepGraph,
  reports: StepReports,
): ReadonlyMap<ContentDigest, readonly ListedEntry[]> {
  const listings = new Map<ContentDigest, readonly ListedEntry[]>()
  for (const step of graph.steps) {
    const { operation } = step
    const report = reports.get(step.index)
    const digest = report && contextFiles(step, report)
    if (digest === undefined || operation.kind !== 'copy' || store.traces.listing(project, digest) !== undefined)
      continue
    listings.set(digest, context.list(operation.sources, operation.sourceSpans, operation.rules))
  }
  return listings
}
