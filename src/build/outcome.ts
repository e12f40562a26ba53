import type { Diagnostic, StepKey } from '../base/index.ts'
import type { StepGraph } from '../plan/index.ts'
import type { KeyComponents, Layer, StepRecord } from '../ports/index.ts'

/** Why a step must run. */
export type MissReason = 'no record' | 'no cache wanted' | 'too old' | 'layer is gone'

/** What is known of a step without running anything. */
export type StepOutcome =
  | { readonly kind: 'hit'; readonly record: StepRecord; readonly layer: Layer }
  | { readonly kind: 'miss'; readonly key: StepKey; readonly components: KeyComponents; readonly reason: MissReason }
  /** Its key depends on a step that has to run first, or on files that have to be looked at first. */
  | { readonly kind: 'unknown'; readonly waitsFor: string }

/** A graph with what the store knows of each step. */
export interface ProbedGraph {
  readonly graph: StepGraph
  /** By `Step.index`. */
  readonly outcomes: readonly StepOutcome[]
  /** Problems of the input found on the way (missing sources). */
  readonly diagnostics: readonly Diagnostic[]
}

/** A step of a probed graph that has to run, or may have to. */
export function needsWork(probed: ProbedGraph): boolean {
  return probed.outcomes.some((outcome) => outcome.kind !== 'hit')
}
