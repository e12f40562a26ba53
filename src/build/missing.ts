import type { Diagnostic } from '../base/index.ts'
import type { CopyOperation } from '../ir/index.ts'
import type { MissingSource } from '../ports/index.ts'

/** Says that a COPY or ADD source is not there, why, and what to do about it. */
export function missingSourceDiagnostic(operation: CopyOperation, missing: MissingSource): Diagnostic {
  const place = operation.from.kind === 'context' ? 'the build context' : `"${sourceName(operation)}"`
  const base = { severity: 'error', file: operation.origin.file, span: missing.span } as const
  const { excludedBy, pattern, nearest } = missing
  if (excludedBy !== undefined) {
    return {
      ...base,
      code: 'source-excluded',
      message: `"/${pattern}": not found: it exists in the build context, but line ${excludedBy.line} of ${excludedBy.file} excludes it ("${excludedBy.rule}")`,
      hint: `remove that line, or add the line "!${pattern}" after it`,
    }
  }
  return {
    ...base,
    code: 'source-not-found',
    message: `"/${pattern}": not found in ${place}`,
    hint: hintFor(pattern, place, nearest),
  }
}

function hintFor(pattern: string, place: string, nearest: string | undefined): string {
  if (pattern.startsWith('--')) return 'flags stand before the paths: move it to the front'
  if (pattern.startsWith('#')) return 'a comment stands on a line of its own'
  if (nearest !== undefined) return `did you mean "${nearest}"?`
  return `paths are relative to the root of ${place}; check the spelling`
}

function sourceName(operation: CopyOperation): string {
  switch (operation.from.kind) {
    case 'stage':
      return `stage ${operation.from.stage}`
    case 'image':
      return operation.from.reference
    case 'context':
      return 'the build context'
  }
}
