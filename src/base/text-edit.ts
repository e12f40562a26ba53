import type { Fix, TextEdit } from './diagnostic.ts'
import type { Span } from './span.ts'

/** A text with fixes applied to it, and those that were. */
export interface FixedText {
  readonly text: string
  readonly applied: readonly Fix[]
}

/** The fix that writes `text` in place of `span`. */
export function replacing(span: Span, text: string, title = `write ${text}`): Fix {
  return { title, edits: [{ span, text }] }
}

/**
 * Applies fixes in the order given, each with all of its edits. One that touches what an earlier one changes is left out:
 * the caller checks the new text again and gets it once more, if it still applies.
 */
export function applyFixes(text: string, fixes: readonly Fix[]): FixedText {
  const taken: TextEdit[] = []
  const applied: Fix[] = []
  for (const fix of fixes) {
    const { edits } = fix
    if (edits.length === 0 || edits.some((edit) => taken.some((other) => touches(edit, other)))) continue
    taken.push(...edits)
    applied.push(fix)
  }
  taken.sort((a, b) => a.span.start - b.span.start)
  let result = ''
  let at = 0
  for (const { span, text: replacement } of taken) {
    result += text.slice(at, span.start) + replacement
    at = span.end
  }
  return { text: result + text.slice(at), applied }
}

/** Neighbours count: two insertions at one place have no order, and one edit may have meant what the other removes. */
function touches(a: TextEdit, b: TextEdit): boolean {
  return a.span.start <= b.span.end && b.span.start <= a.span.end
}
