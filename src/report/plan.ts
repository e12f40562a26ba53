import { assertNever, sanitizeForTerminal } from '../base/index.ts'
import type { ProbedGraph, StepOutcome } from '../build/index.ts'
import type { PlannedStage } from '../plan/index.ts'
import type { MissCause } from '../ports/index.ts'
import { causeText } from './cause.ts'
import { formatBytes, formatSeconds } from './plain.ts'

/** One line of a plan. */
export interface PlanEntry {
  readonly label: string
  /** Where the step comes from. */
  readonly file: string
  readonly line: number
  readonly status: 'HIT' | 'MISS' | 'LOCAL' | 'PULL'
  /** Why it misses, or what it waits for. */
  readonly reason?: string
  /** The same as data, every cause. */
  readonly causes?: readonly MissCause[]
  /** Time the step took when it last ran. */
  readonly lastDurationMs?: number
  /** Bytes of its layer, uncompressed; for a step that runs again, what it made the last time. */
  readonly sizeBytes?: number
}

/** Why a step runs, and what its last run took. */
export interface PlannedMiss {
  readonly causes: readonly MissCause[]
  readonly previous?: { readonly durationMs: number; readonly sizeBytes?: number }
}

/**
 * A plan as data: stages with their bases and steps, in the order they can run. `hasImage` tells whether a base is
 * stored, `misses` why steps run, by `Step.index`.
 */
export function planEntries(
  probed: ProbedGraph,
  hasImage: (stage: PlannedStage) => boolean,
  misses: ReadonlyMap<number, PlannedMiss>,
): readonly PlanEntry[] {
  const entries: PlanEntry[] = []
  for (const stage of probed.graph.stages) {
    const { file, startLine: line } = stage.stage.origin
    if (stage.base.kind !== 'step') {
      entries.push({
        label: stage.label,
        file,
        line,
        status: stage.base.kind === 'scratch' || hasImage(stage) ? 'LOCAL' : 'PULL',
      })
    }
    for (const index of stage.steps) {
      const step = probed.graph.steps[index]
      const outcome = probed.outcomes[index]
      if (step === undefined || outcome === undefined) continue
      const { origin } = step.operation
      entries.push({
        label: step.label,
        file: origin.file,
        line: origin.startLine,
        ...outcomeFields(outcome, misses.get(index)),
      })
    }
  }
  return entries
}

function outcomeFields(
  outcome: StepOutcome,
  miss: PlannedMiss | undefined,
): Omit<PlanEntry, 'label' | 'file' | 'line'> {
  switch (outcome.kind) {
    case 'hit':
      return { status: 'HIT', lastDurationMs: outcome.record.durationMs, sizeBytes: outcome.layer.sizeBytes }
    case 'miss':
      return { status: 'MISS', reason: outcome.reason, ...missFields(miss) }
    case 'unknown':
      return { status: 'MISS', reason: `waits for ${outcome.waitsFor}`, ...missFields(miss) }
    default:
      return assertNever(outcome)
  }
}

function missFields(miss: PlannedMiss | undefined): Partial<PlanEntry> {
  if (miss === undefined) return {}
  const { causes, previous } = miss
  const [first] = causes
  const more = causes.length > 1 ? `, and ${causes.length - 1} more` : ''
  return {
    ...(first === undefined ? {} : { reason: `${causeText(first)}${more}` }),
    causes,
    ...(previous === undefined ? {} : { lastDurationMs: previous.durationMs }),
    ...(previous?.sizeBytes === undefined ? {} : { sizeBytes: previous.sizeBytes }),
  }
}

/** A plan as text, a line a step, with a summary below. */
export function renderPlan(entries: readonly PlanEntry[]): string {
  const lines = entries.map(
    (entry) => `${entry.status.padEnd(5)} ${sanitizeForTerminal(entry.label)}${sanitizeForTerminal(noteOf(entry))}`,
  )
  const of = (status: PlanEntry['status']): readonly PlanEntry[] => entries.filter((entry) => entry.status === status)
  const [hits, misses] = [of('HIT'), of('MISS')]
  const summary = `${hits.length + misses.length} steps: ${hits.length} HIT, ${misses.length} MISS`
  const timed = misses.filter((entry) => entry.lastDurationMs !== undefined)
  if (timed.length === 0) return `${lines.join('\n')}\n\n${summary}\n`
  const expectedMs = timed.reduce((sum, entry) => sum + (entry.lastDurationMs ?? 0), 0)
  const unknown = misses.length - timed.length
  const expected = `about ${formatSeconds(expectedMs)} of work, going by the last run${unknown > 0 ? `; ${unknown} not known` : ''}`
  return `${lines.join('\n')}\n\n${summary}; ${expected}\n`
}

function noteOf(entry: PlanEntry): string {
  const took = entry.lastDurationMs === undefined ? [] : [`took ${formatSeconds(entry.lastDurationMs)}`]
  const size = entry.sizeBytes === undefined ? [] : [formatBytes(entry.sizeBytes)]
  const notes = [...(entry.reason === undefined ? [] : [entry.reason]), ...took, ...size]
  return notes.length === 0 ? '' : `  (${notes.join('; ')})`
}
