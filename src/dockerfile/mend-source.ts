import { lintRule } from '../../grammar/index.ts'
import { applyFixes, type Diagnostic, type Fix, type SourceFile } from '../base/index.ts'

/** A source with fixes made in it. */
export interface MendedSource {
  readonly text: string
  /** The diagnostics whose fixes were made. */
  readonly mended: readonly Diagnostic[]
}

/**
 * Makes the fixes that nobody has to be asked about: of errors, which leave only one thing that can be meant, and of
 * rules whose fix leaves the image as it is. Of fixes that touch each other, the first is made: another check of the
 * result finds what is left. Line ends are those of the text.
 */
export function mendSource(source: SourceFile, diagnostics: readonly Diagnostic[]): MendedSource {
  const lineEnd = /\r?\n/.exec(source.text)?.[0] ?? '\n'
  const owners = new Map<Fix, Diagnostic>()
  for (const diagnostic of diagnostics) {
    const { fix } = diagnostic
    if (fix === undefined || !goesUnasked(diagnostic)) continue
    const edits = fix.edits.map(({ span, text }) => ({ span, text: text.replaceAll('\n', lineEnd) }))
    owners.set({ ...fix, edits }, diagnostic)
  }
  const { text, applied } = applyFixes(source.text, [...owners.keys()])
  return { text, mended: applied.flatMap((fix) => owners.get(fix) ?? []) }
}

function goesUnasked({ code, severity }: Diagnostic): boolean {
  const rule = lintRule(code)
  return rule === undefined ? severity === 'error' : rule.fixChangesImage !== true
}
