import { type ContentDigest, type ListedEntry, parseContentDigest, type StepKey } from '../base/index.ts'
import type { MissReason } from '../build/index.ts'
import type { CopyOperation, FileSource } from '../ir/index.ts'
import {
  compareKeys,
  type KeyDifference,
  type PlannedStage,
  type Root,
  type Step,
  type StepGraph,
} from '../plan/index.ts'
import type { BuildTrace, KeyComponents, MissCause, StepRecord, TracedBase, TracedStep } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import type { LazyContext } from './lazy-context.ts'
import type { Trees } from './trees.ts'

/** What explanations are drawn from. */
export interface ExplainFacts {
  readonly graph: StepGraph
  readonly store: Store
  /** Names the project among traces. */
  readonly project: string
  readonly context: LazyContext
  readonly trees: Pick<Trees, 'listWorkspace'>
  /** Earlier builds of the project, the newest first. */
  readonly earlier: readonly BuildTrace[]
  /** Base images of this build, as far as they are known. */
  readonly bases: readonly TracedBase[]
}

/** Why a step runs, and what its last run is known to have taken. */
export interface Explanation {
  readonly causes: readonly MissCause[]
  /** The last run it was compared with; the size is of its layer, when that is still there. */
  readonly previous?: { readonly durationMs: number; readonly sizeBytes?: number }
}

/** Changed files named one by one; more of them are only counted by the reader. */
const namedFiles = 100

/**
 * Why the step's key is not that of the last time: the first part that differs from the nearest remembered key, files
 * and layers traced back to what changed. There is at least one cause.
 */
export function explainMiss(
  facts: ExplainFacts,
  step: Step,
  key: StepKey,
  after: KeyComponents,
  reason: MissReason | undefined,
): Explanation {
  if (reason === 'no cache wanted') return { causes: [{ kind: 'no-cache' }] }
  if (reason === 'too old')
    return { causes: [{ kind: 'too-old' }], ...lastRun(facts.store, facts.store.records.readRecord(key)) }
  const candidates = facts.earlier.flatMap((trace) => {
    const found = sameStep(trace, facts.graph, step)
    return found === undefined ? [] : [{ trace, found }]
  })
  const again = triedAgain(candidates[0]?.found, key)
  if (again !== undefined) return { causes: [again] }
  if (candidates.some(({ found }) => found.key === key && isDone(found))) return { causes: [{ kind: 'forgotten' }] }
  const compared = candidates.flatMap(({ trace, found }) => {
    const previous = found.key === undefined ? undefined : facts.store.records.readRecord(found.key)
    const before = found.components ?? previous?.components
    return before === undefined || found.key === key
      ? []
      : [{ trace, previous, differences: compareKeys(before, after) }]
  })
  // The nearest: a build that found everything cached leaves no trace, so the newest one need not be the last.
  const [nearest] = compared.toSorted((a, b) => a.differences.length - b.differences.length)
  const causes = nearest?.differences.flatMap((difference) => causesOf(facts, step, nearest.trace, difference)) ?? []
  if (causes.length > 0) return { causes, ...lastRun(facts.store, nearest?.previous) }
  return { causes: [{ kind: facts.earlier.length === 0 ? 'first-time' : 'new-instruction' }] }
}

/** The last build had the step with the very same key, and it did not come to its end. */
function triedAgain(last: TracedStep | undefined, key: StepKey): MissCause | undefined {
  if (last?.key !== key || isDone(last)) return undefined
  if (last.status === 'canceled') return { kind: 'canceled' }
  return { kind: 'failed', ...(last.exitCode === undefined ? {} : { exitCode: last.exitCode }) }
}

function isDone({ status }: TracedStep): boolean {
  return status === 'ran' || status === 'cached'
}

function lastRun(store: Store, record: StepRecord | undefined): Pick<Explanation, 'previous'> {
  if (record === undefined) return {}
  const layer = store.layers.layer(record.diffId)
  const { durationMs } = record
  return { previous: { durationMs, ...(layer === undefined ? {} : { sizeBytes: layer.sizeBytes }) } }
}

/** The step in an earlier build: by its instruction, else by its place. */
function sameStep(trace: BuildTrace, graph: StepGraph, step: Step): TracedStep | undefined {
  const { name, ordinal } = placeOf(graph, step)
  const stage = trace.steps.filter((candidate) => candidate.stage === name && candidate.key !== undefined)
  const { text } = step.operation.origin
  const texts = new Set(
    graph.steps.flatMap((other) => (other.stage === step.stage ? [other.operation.origin.text] : [])),
  )
  return (
    stage.find((candidate) => candidate.ordinal === ordinal && candidate.text === text) ??
    stage.find((candidate) => candidate.text === text) ??
    // One that stands elsewhere now, or is of another kind, was not changed into this.
    stage.find(
      (candidate) =>
        candidate.ordinal === ordinal && keyword(candidate.text) === keyword(text) && !texts.has(candidate.text),
    ) ??
    // The stage may have been given another name.
    trace.steps.find((candidate) => candidate.text === text && candidate.key !== undefined)
  )
}

function keyword(text: string): string {
  return text.split(/\s/, 1)[0] ?? ''
}

/** Name of a step's stage, and its position among the stage's steps. */
export function placeOf(graph: StepGraph, step: Step): { readonly name: string; readonly ordinal: number } {
  const planned = graph.stages.find(({ stage }) => stage.index === step.stage)
  const name = planned === undefined ? String(step.stage) : tracedName(planned)
  return { name, ordinal: planned?.steps.indexOf(step.index) ?? 0 }
}

/** Name of a stage in traces; of those of several platforms it tells which. */
export function tracedName({ stage, platform }: PlannedStage): string {
  return platform === undefined ? stage.name : `${stage.name} for ${platform}`
}

function causesOf(facts: ExplainFacts, step: Step, trace: BuildTrace, difference: KeyDifference): readonly MissCause[] {
  switch (difference.kind) {
    case 'variable':
    case 'part':
      return [difference]
    case 'files':
      return fileCauses(facts, takenBy(step), parseContentDigest(difference.before))
    case 'mount-files':
      return fileCauses(facts, step.mounts[difference.mount]?.source, parseContentDigest(difference.before))
    case 'rootfs':
      return [rootCause(facts, step, trace, difference.layer)]
  }
}

/** Which step or base image brought another layer into the root filesystem of `step`. */
function rootCause(facts: ExplainFacts, step: Step, trace: BuildTrace, layer: number): MissCause {
  const below: Step[] = []
  let root: Root = step.parent
  for (; root.kind === 'step'; ) {
    const next: Step | undefined = facts.graph.steps[root.step]
    if (next === undefined) break
    below.unshift(next)
    root = next.parent
  }
  const first = below[0] ?? step
  const { name } = placeOf(facts.graph, first)
  const now = facts.bases.find((base) => base.stage === name)
  const baseLayers = now?.layers.length ?? 0
  const culprit = below[layer - baseLayers]
  if (layer >= baseLayers && culprit !== undefined) return { kind: 'step', label: culprit.label }
  const was = trace.bases.find((base) => base.stage === name)
  // The same base with fewer steps upon it: an instruction below was taken out.
  if (was?.imageId === now?.imageId) return { kind: 'step', label: (below.at(-1) ?? step).label }
  return {
    kind: 'base',
    reference: now?.reference ?? was?.reference ?? 'scratch',
    ...(was === undefined ? {} : { before: was.imageId }),
    ...(now === undefined ? {} : { after: now.imageId }),
  }
}

/** Files of the context, a stage or an image, as COPY and mounts take them. */
type TakenFiles = Pick<CopyOperation, 'from' | 'sources' | 'sourceSpans' | 'rules'>

function takenBy({ operation }: Step): TakenFiles | undefined {
  return operation.kind === 'copy' ? operation : undefined
}

function fileCauses(
  facts: ExplainFacts,
  operation: TakenFiles | undefined,
  before: ContentDigest,
): readonly MissCause[] {
  const { store, context } = facts
  if (operation === undefined) return []
  if (!isContext(operation.from)) return [{ kind: 'files', from: sourceText(facts.graph, operation.from) }]
  const was = store.traces.listing(facts.project, before)
  if (was === undefined) return [{ kind: 'files', from: 'the build context' }]
  const changed = compareListings(was, listTaken(facts, operation))
  // Equal files in another arrangement: the sources themselves are written in another way.
  if (changed.length === 0) return [{ kind: 'files', from: 'the build context' }]
  return changed.slice(0, namedFiles).map((cause) => {
    // Of a file that is gone: what leaves it out, if it is there at all.
    const rule = context.decidingRule(cause.path)
    const decides = rule?.rule.startsWith('!') === (cause.change !== 'removed')
    return rule === undefined || !decides ? cause : { ...cause, rule: `${rule.file}:${rule.line}: ${rule.rule}` }
  })
}

/** Whether files come from the build context, whole or sliced. */
export function isContext(from: FileSource): from is Extract<FileSource, { kind: 'context' | 'workspace' }> {
  return from.kind === 'context' || from.kind === 'workspace'
}

/** Every file that is taken of the build context, by its path; of a sliced workspace also the entries of its lock file. */
export function listTaken(
  { context, trees }: Pick<ExplainFacts, 'context' | 'trees'>,
  taken: TakenFiles,
): readonly ListedEntry[] {
  if (taken.from.kind === 'workspace') return trees.listWorkspace(taken.from, taken)
  return context.list(taken.sources, taken.sourceSpans, taken.rules)
}

function sourceText({ stages }: StepGraph, from: Exclude<FileSource, { kind: 'context' | 'workspace' }>): string {
  if (from.kind === 'image') return from.reference
  if (from.kind === 'named') return `the context ${from.name}`
  return `stage ${stages.find(({ stage }) => stage.index === from.stage)?.stage.name ?? from.stage}`
}

type FileCause = Extract<MissCause, { kind: 'file' }>

function compareListings(before: readonly ListedEntry[], after: readonly ListedEntry[]): FileCause[] {
  const was = new Map(before.map((entry) => [entry.path, entry]))
  const is = new Map(after.map((entry) => [entry.path, entry]))
  const changes: FileCause[] = []
  for (const [path, entry] of is) {
    const change = changeOf(was.get(path), entry)
    if (change !== undefined) changes.push({ kind: 'file', change, path })
  }
  for (const path of was.keys()) if (!is.has(path)) changes.push({ kind: 'file', change: 'removed', path })
  return changes
}

function changeOf(before: ListedEntry | undefined, after: ListedEntry): FileCause['change'] | undefined {
  if (before === undefined) return 'added'
  if (before.type !== after.type) return 'type'
  if (before.content !== after.content || before.sizeBytes !== after.sizeBytes) return 'content'
  return before.mode === after.mode ? undefined : 'mode'
}
