import type { Span } from './span.ts'

export type Severity = 'error' | 'warning'

/** A place in a named file that helps to understand a diagnostic. */
export interface RelatedPlace {
  readonly file: string
  readonly span: Span
  readonly message: string
}

/** One replacement in the diagnostic's file: what is in `span` becomes `text`. */
export interface TextEdit {
  readonly span: Span
  readonly text: string
}

/** A change of the diagnostic's file that mends what it is about. Edits are of the text as it was, and do not overlap. */
export interface Fix {
  readonly title: string
  readonly edits: readonly TextEdit[]
}

/**
 * The user's input is wrong, or could be better. A value: collected and rendered, never thrown. `code` is kebab-case
 * and has a page under docs/diagnostics/; `file` is the source's name as given to the parser.
 */
export interface Diagnostic {
  readonly code: string
  readonly severity: Severity
  readonly message: string
  readonly file: string
  readonly span: Span
  readonly hint?: string
  readonly related?: readonly RelatedPlace[]
  readonly fix?: Fix
}

/** True when at least one diagnostic is an error. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error')
}
