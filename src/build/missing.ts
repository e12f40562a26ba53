import type { Diagnostic } from '../base/index.ts'
import { describeRemote, type Origin } from '../ir/index.ts'
import type { MissingSource } from '../ports/index.ts'
import type { WantedFiles } from './ports.ts'

/** Says that a source of COPY, ADD or a mount is not there, why, and what to do about it. */
export function missingSourceDiagnostic({ file }: Origin, wanted: WantedFiles, missing: MissingSource): Diagnostic {
  const place = placeOf(wanted, missing)
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
    hint: hintFor(pattern, place, nearest),
  }
}

function hintFor(pattern: string, place: string, nearest: string | undefined): string {
  if (pattern.startsWith('--')) return 'flags stand before the paths: move it to the front'
  if (pattern.startsWith('#')) return 'a comment stands on a line of its own'
  if (nearest !== undefined) return `did you mean "${nearest}"?`
  return `paths are relative to the root of ${place}; check the spelling`
}

function placeOf({ from, remotes = [] }: WantedFiles, { span }: MissingSource): string {
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
    case 'workspace':
      return `what the workspace has for ${from.packages.join(', ')}`
  }
}
