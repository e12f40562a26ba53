import type { Diagnostic, StepKey, ToolError } from '../base/index.ts'
import type { Step } from '../plan/index.ts'
import type { KeyComponents } from '../ports/index.ts'
import type { MissReason } from './outcome.ts'

/** A step that did not work out, with the reason in the form it deserves. */
export interface StepFailure {
  readonly step: Step
  readonly error?: ToolError
  readonly diagnostics?: readonly Diagnostic[]
  /** The last lines of its output. */
  readonly outputTail: string
}

/** How one step ended. A step that never got its inputs has no report. */
export interface StepReport {
  readonly status: 'cached' | 'ran' | 'failed' | 'canceled'
  readonly key: StepKey
  readonly components: KeyComponents
  readonly durationMs: number
  /** Why it was executed; absent for a cached step. */
  readonly reason?: MissReason
  /** Of a process that failed. */
  readonly exitCode?: number
  /** Everything it wrote, when no record keeps it. */
  readonly log?: Uint8Array
}

/** Reports by `Step.index`. */
export type StepReports = ReadonlyMap<number, StepReport>

/** Thrown between the promises of steps; the scheduler turns it into a `StepFailure`. */
export class StepFailed extends Error {
  readonly failure: StepFailure

  constructor(failure: StepFailure) {
    super(`step failed: ${failure.step.label}`)
    this.failure = failure
  }

  /** Exit code of the process that failed, if one did. */
  get exitCode(): number | undefined {
    const code = this.failure.error?.details['exitCode']
    return typeof code === 'number' ? code : undefined
  }
}
