import type { Diagnostic } from '../base/index.ts'
import type { FileSource, Origin } from '../ir/index.ts'
import type { MissingSource } from '../ports/index.ts'

/** Says that a source of COPY, ADD or a mount is not there, why, and what to do about it. */
export function missingSourceDiagnostic({ file }: Origin, from: FileSource, missing: MissingSource): Diagnostic {
  const place = from.kind === 'context' ? 'the build context' : `"${sourceName(from)}"`
  const base = { severity: 'error', file, span: missing.span } as const
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

function sourceName(from: FileSource): string {
  switch (from.kind) {
    case 'stage':
      return `stage ${from.stage}`
    case 'image':
      return from.reference
    case 'context':
      return 'the build context'
  }
}
