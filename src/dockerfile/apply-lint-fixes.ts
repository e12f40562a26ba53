import { lintRule } from '../../grammar/index.ts'
import { applyFixes, type Diagnostic, type Fix, type SourceFile } from '../base/index.ts'

/** A source with fixes made in it. */
export interface MendedText {
  readonly text: string
  /** The diagnostics whose fixes were made. */
  readonly applied: readonly Diagnostic[]
}

/**
 * Makes the fixes of rules that leave the image as it is. Of fixes that overlap, the first is made: what is left is
 * found again by another check of the result. Line ends are those of the text.
 */
export function applyLintFixes(source: SourceFile, diagnostics: readonly Diagnostic[]): MendedText {
  const lineEnd = /\r?\n/.exec(source.text)?.[0] ?? '\n'
  const owners = new Map<Fix, Diagnostic>()
  for (const diagnostic of diagnostics) {
    const { fix, code } = diagnostic
    const rule = lintRule(code)
    if (fix === undefined || rule === undefined || rule.fixChangesImage === true) continue
    const edits = fix.edits.map(({ span, text }) => ({ span, text: text.replaceAll('\n', lineEnd) }))
    owners.set({ ...fix, edits }, diagnostic)
  }
  const { text, applied } = applyFixes(source.text, [...owners.keys()])
  return { text, applied: applied.flatMap((fix) => owners.get(fix) ?? []) }
}
