import type { Diagnostic } from '../base/index.ts'
import { type CopyOperation, describeRemote } from '../ir/index.ts'
import type { MissingSource } from '../ports/index.ts'

/** Says that a COPY or ADD source is not there, why, and what to do about it. */
export function missingSourceDiagnostic(operation: CopyOperation, missing: MissingSource): Diagnostic {
  const place = placeOf(operation, missing)
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
    hint:
      nearest === undefined
        ? `paths are relative to the root of ${place}; check the spelling`
        : `did you mean "${nearest}"?`,
  }
}

function placeOf({ from, remotes = [] }: CopyOperation, { span }: MissingSource): string {
  const remote = remotes.find((part) => part.span.start === span.start)
  if (remote !== undefined) return `"${describeRemote(remote.source)}"`
  switch (from.kind) {
    case 'stage':
      return `"stage ${from.stage}"`
    case 'image':
      return `"${from.reference}"`
    case 'named':
      return `the build context "${from.name}"`
    case 'context':
      return 'the build context'
  }
}
