import { lintRule } from '../../grammar/index.ts'
import { applyEdits, type Diagnostic, type SourceFile, type TextEdit } from '../base/index.ts'

/** A source with fixes made in it. */
export interface FixedText {
  readonly text: string
  /** The diagnostics whose fixes were made. */
  readonly applied: readonly Diagnostic[]
}

/**
 * Makes the fixes of rules that leave the image as it is. Of fixes that overlap, the first is made: what is left is
 * found again by another check of the result. Line ends are those of the text.
 */
export function applyFixes(source: SourceFile, diagnostics: readonly Diagnostic[]): FixedText {
  const lineEnd = /\r?\n/.exec(source.text)?.[0] ?? '\n'
  const edits: TextEdit[] = []
  const applied: Diagnostic[] = []
  for (const diagnostic of diagnostics) {
    const { fix, code } = diagnostic
    const rule = lintRule(code)
    if (fix === undefined || rule === undefined || rule.fixChangesImage === true) continue
    if (fix.edits.some((edit) => edits.some((other) => overlap(edit, other)))) continue
    edits.push(...fix.edits.map(({ span, text }) => ({ span, text: text.replaceAll('\n', lineEnd) })))
    applied.push(diagnostic)
  }
  return { text: applyEdits(source.text, edits), applied }
}

/** Two insertions at one place overlap too: their order would matter. */
function overlap({ span: a }: TextEdit, { span: b }: TextEdit): boolean {
  return a.start === b.start || (a.start < b.end && b.start < a.end)
}
