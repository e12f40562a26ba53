import type { Diagnostic, RelatedPlace, Span } from '../base/index.ts'

/** A piece of a file. */
export interface Place {
  readonly file: string
  readonly span: Span
}

/** From the beginning of one place to the end of another. */
export function placeBetween(first: Place, last: Place): Place {
  return { file: first.file, span: { start: first.span.start, end: last.span.end } }
}

export interface ProblemText {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly related?: readonly RelatedPlace[]
}

/**
 * Ends the reading of a file or the evaluation of a value: what is wrong is known, and nothing sensible can follow. Never leaves
 * this room: the entry functions turn it into the `Diagnostic` it carries.
 */
export class Problem extends Error {
  readonly diagnostic: Diagnostic

  constructor(place: Place, text: ProblemText) {
    super(text.message)
    this.diagnostic = { severity: 'error', file: place.file, span: place.span, ...text }
  }
}

/** Runs `action`; a problem that it meets is collected, and the result is undefined. */
export function collecting<T>(diagnostics: Diagnostic[], action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    diagnostics.push(error.diagnostic)
    return undefined
  }
}

/** A value of the wrong kind. */
export function wrongType(place: Place, message: string, hint?: string): Problem {
  return new Problem(place, { code: 'bake-wrong-type', message, ...(hint === undefined ? {} : { hint }) })
}

/** Text that is not of the language. */
export function syntaxProblem(place: Place, message: string, hint?: string): Problem {
  return new Problem(place, { code: 'bake-syntax', message, ...(hint === undefined ? {} : { hint }) })
}
