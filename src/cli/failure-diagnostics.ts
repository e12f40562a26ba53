import type { Diagnostic } from '../base/index.ts'
import type { StepFailure } from '../build/index.ts'

/** A failed step as diagnostics: its own, or its error at the place of the instruction. */
export function failureDiagnostics({ step, error, diagnostics }: StepFailure): readonly Diagnostic[] {
  if (diagnostics !== undefined) return diagnostics
  if (error === undefined) return []
  const { file, span } = step.operation.origin
  const hint = error.hint === undefined ? {} : { hint: error.hint }
  return [{ code: error.code, severity: 'error', message: error.message, file, span, ...hint }]
}
