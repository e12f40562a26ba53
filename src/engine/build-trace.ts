import { randomBytes } from 'node:crypto'
import { type ContentDigest, type Digest, type ListedEntry, parseContentDigest } from '../base/index.ts'
import { contentOf, type StepReport, type StepReports } from '../build/index.ts'
import type { MountSource } from '../ir/index.ts'
import type { Step, StepGraph } from '../plan/index.ts'
import type { BuildTrace, MissCause, TracedBase, TracedStep } from '../ports/index.ts'
import { type ExplainFacts, explainMiss, isContext, listTaken, placeOf, tracedName } from './explain-miss.ts'
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
  const { store, context, trees, host } = scene
  const facts: ExplainFacts = {
    graph,
    store,
    project: scene.project,
    context,
    trees,
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
  return graph.stages.flatMap((planned) => {
    const { base } = planned
    if (base.kind !== 'image') return []
    const image = scene.images.find(base.reference, base.platform)
    if (image === undefined) return []
    return [
      { stage: tracedName(planned), reference: base.reference, imageId: image.id, layers: contentOf(image.layers) },
    ]
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
  const mounted = contextMounts(step, report).map(({ digest }) => digest)
  return {
    ...place,
    status,
    key,
    ...(files === undefined ? {} : { files }),
    ...(mounted.length === 0 ? {} : { mounted }),
    ...(recorded ? {} : { components }),
    ...(exitCode === undefined ? {} : { exitCode }),
    durationMs,
    causes,
  }
}

/** Content digest of what a COPY or ADD took from the build context, and from nowhere else. */
function contextFiles({ operation }: Step, { components }: StepReport): ContentDigest | undefined {
  const { files } = components
  if (operation.kind !== 'copy' || !isContext(operation.from) || operation.remotes !== undefined) return undefined
  return typeof files === 'string' ? parseContentDigest(files) : undefined
}

/** What mounts of a RUN show of the build context, by content digest. */
function contextMounts(
  { mounts }: Step,
  { components }: StepReport,
): readonly { readonly digest: ContentDigest; readonly source: MountSource }[] {
  const digests = components['mount-files']
  if (!Array.isArray(digests)) return []
  return mounts.flatMap(({ source }, index) => {
    const digest: unknown = digests[index]
    return isContext(source.from) && typeof digest === 'string' ? [{ digest: parseContentDigest(digest), source }] : []
  })
}

/** Which files those digests stand for, where that is not known yet, so that the next change can be named. */
function newListings(
  scene: Scene,
  graph: StepGraph,
  reports: StepReports,
): ReadonlyMap<ContentDigest, readonly ListedEntry[]> {
  const { store, project } = scene
  const listings = new Map<ContentDigest, readonly ListedEntry[]>()
  for (const step of graph.steps) {
    const { operation } = step
    const report = reports.get(step.index)
    if (report === undefined) continue
    const copied = contextFiles(step, report)
    if (copied !== undefined && operation.kind === 'copy' && store.traces.listing(project, copied) === undefined)
      listings.set(copied, listTaken(scene, operation))
    for (const { digest, source } of contextMounts(step, report))
      if (store.traces.listing(project, digest) === undefined) listings.set(digest, listTaken(scene, source))
  }
  return listings
}
