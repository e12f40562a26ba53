import type { StepKey } from '../base/index.ts'
import type { Step } from '../plan/index.ts'
import type { Layer, StepRecord } from '../ports/index.ts'
import type { MissReason } from './outcome.ts'
import type { LookupPorts } from './ports.ts'

/** Which remembered results a build may take. */
export interface CachePolicy {
  /** No step takes one. */
  readonly noCache: boolean
  /** Stages (`Stage.index`) whose steps take none. */
  readonly noCacheStages?: ReadonlySet<number>
  /** Results made before this time, in milliseconds since the epoch, are too old. */
  readonly notBeforeMs?: number
}

export type FoundStep =
  | { readonly kind: 'hit'; readonly record: StepRecord; readonly layer: Layer }
  | { readonly kind: 'miss'; readonly reason: MissReason }

/** Whether a step must execute whatever is remembered. */
export function mustExecute(step: Step, { noCache, noCacheStages }: CachePolicy): boolean {
  return noCache || noCacheStages?.has(step.stage) === true
}

/** Looks a step's result up, as far as the policy lets it be taken. */
export function lookUpStep(
  step: Step,
  key: StepKey,
  ports: Pick<LookupPorts, 'records' | 'layers'>,
  policy: CachePolicy,
): FoundStep {
  if (mustExecute(step, policy)) return { kind: 'miss', reason: 'no cache wanted' }
  const record = ports.records.readRecord(key)
  if (record === undefined) return { kind: 'miss', reason: 'no record' }
  const { notBeforeMs } = policy
  if (notBeforeMs !== undefined && Date.parse(record.created) < notBeforeMs) return { kind: 'miss', reason: 'too old' }
  const layer = ports.layers.layer(record.diffId)
  return layer === undefined ? { kind: 'miss', reason: 'layer is gone' } : { kind: 'hit', record, layer }
}
