import type { Span } from './span.ts'

export type Severity = 'error' | 'warning'

/** A place in a named file that helps to understand a diagnostic. */
export interface RelatedPlace {
  readonly file: string
  readonly span: Span
  readonly message: string
}

/** Replaces `span` of the diagnostic's file by `text`; an empty span inserts, an empty text removes. */
export interface TextEdit {
  readonly span: Span
  readonly text: string
}

/** A repair that a program may apply unasked: edits in rising order that do not overlap, all of them or none. */
export interface Fix {
  /** What it does, as an order: `write COPY`. */
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
