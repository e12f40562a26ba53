import { assertNever } from '../base/index.ts'
import type { ProbedGraph, StepOutcome } from '../build/index.ts'
import type { PlannedStage } from '../plan/index.ts'
import { formatSeconds } from './plain.ts'

/** One line of a plan. */
export interface PlanEntry {
  readonly label: string
  /** Where the step comes from. */
  readonly file: string
  readonly line: number
  readonly status: 'HIT' | 'MISS' | 'LOCAL' | 'PULL'
  /** Why it misses, or what it waits for. */
  readonly reason?: string
  /** Time the step took when it last ran. */
  readonly lastDurationMs?: number
}

/** A plan as data: stages with their bases and steps, in the order they can run. `hasImage` tells whether a base is stored. */
export function planEntries(probed: ProbedGraph, hasImage: (stage: PlannedStage) => boolean): readonly PlanEntry[] {
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
      entries.push({ label: step.label, file: origin.file, line: origin.startLine, ...outcomeFields(outcome) })
    }
  }
  return entries
}

function outcomeFields(outcome: StepOutcome): Pick<PlanEntry, 'status' | 'reason' | 'lastDurationMs'> {
  switch (outcome.kind) {
    case 'hit':
      return { status: 'HIT', lastDurationMs: outcome.record.durationMs }
    case 'miss':
      return { status: 'MISS', reason: outcome.reason }
    case 'unknown':
      return { status: 'MISS', reason: `waits for ${outcome.waitsFor}` }
    default:
      return assertNever(outcome)
  }
}

/** A plan as text, a line a step, with a summary below. */
export function renderPlan(entries: readonly PlanEntry[]): string {
  const lines = entries.map((entry) => {
    const note =
      entry.reason ?? (entry.lastDurationMs === undefined ? '' : `took ${formatSeconds(entry.lastDurationMs)}`)
    return `${entry.status.padEnd(5)} ${entry.label}${note === '' ? '' : `  (${note})`}`
  })
  const hits = entries.filter((entry) => entry.status === 'HIT').length
  const misses = entries.filter((entry) => entry.status === 'MISS').length
  return `${lines.join('\n')}\n\n${hits + misses} steps: ${hits} HIT, ${misses} MISS\n`
}
