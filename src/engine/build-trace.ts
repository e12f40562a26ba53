import { randomBytes } from 'node:crypto'
import { type Digest, parseContentDigest } from '../base/index.ts'
import { contentOf, type StepReports } from '../build/index.ts'
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
  const { store, context, host, request } = scene
  const facts: ExplainFacts = {
    graph,
    store,
    context,
    earlier: store.traces.traces(scene.project),
    bases: tracedBases(scene, graph),
  }
  const steps = graph.steps.map((step) => tracedStep(facts, step, reports, request.noCache))
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
  keepListings(scene, graph, reports)
  store.traces.writeTrace(scene.project, trace, logs)
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

function tracedStep(facts: ExplainFacts, step: Step, reports: StepReports, noCache: boolean): TracedStep {
  const { name, ordinal } = placeOf(facts.graph, step)
  const { text, file, startLine } = step.operation.origin
  const place = { label: step.label, stage: name, ordinal, text, file, startLine }
  const report = reports.get(step.index)
  if (report === undefined) return { ...place, status: 'not-reached', durationMs: 0, causes: [] }
  const { status, key, components, durationMs } = report
  const recorded = status === 'cached' || status === 'ran'
  const causes: readonly MissCause[] =
    status === 'cached' ? [] : noCache ? [{ kind: 'no-cache' }] : explainMiss(facts, step, key, components).causes
  return { ...place, status, key, ...(recorded ? {} : { components }), durationMs, causes }
}

/** Keeps which files the content digest of a COPY stands for, so that the next change can be named. */
function keepListings({ store, context }: Scene, graph: StepGraph, reports: StepReports): void {
  for (const step of graph.steps) {
    const { operation } = step
    if (operation.kind !== 'copy' || operation.from.kind !== 'context') continue
    const report = reports.get(step.index)
    const files = report?.components['files']
    if (report?.status !== 'ran' || typeof files !== 'string') continue
    const digest = parseContentDigest(files)
    if (store.traces.listing(digest) === undefined) {
      store.traces.writeListing(digest, context.list(operation.sources, operation.sourceSpans))
    }
  }
}
