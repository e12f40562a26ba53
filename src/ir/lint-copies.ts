import type { InstructionSite } from './instruction-site.ts'
import type { CopyOperation, LowerFacts } from './types.ts'

/** CopyIgnoredFile: sources of the context that the ignore file leaves out. Says nothing where nobody looked. */
export function lintCopy(site: InstructionSite, copy: CopyOperation, facts: LowerFacts): void {
  if (copy.from.kind !== 'context') return
  for (const [index, path] of copy.sources.entries()) {
    const rule = facts.excludedBy?.(path)
    if (rule === undefined) continue
    const verb = copy.unpack ? 'Add' : 'Copy'
    const message = `Attempting to ${verb} file "${path}" that is excluded by .dockerignore`
    site.warning('copy-ignored-file', message, copy.sourceSpans[index] ?? copy.origin.span, {
      hint: `line ${rule.line} of ${rule.file} excludes it ("${rule.text}")`,
    })
  }
}
