import type { Diagnostic, Fix, RelatedPlace, Span } from '../base/index.ts'

/** What may accompany a message. Undefined fields count as absent. */
export interface ProblemExtras {
  readonly hint?: string | undefined
  readonly related?: readonly RelatedPlace[] | undefined
  readonly fix?: Fix | undefined
}

/** Collects the diagnostics of one source file, in the order they are found. */
export class Problems {
  readonly file: string
  readonly #found: Diagnostic[] = []

  constructor(file: string) {
    this.file = file
  }

  error(code: string, message: string, span: Span, extras: ProblemExtras = {}): void {
    this.#add('error', code, message, span, extras)
  }

  warning(code: string, message: string, span: Span, extras: ProblemExtras = {}): void {
    this.#add('warning', code, message, span, extras)
  }

  get all(): readonly Diagnostic[] {
    return this.#found
  }

  get hasErrors(): boolean {
    return this.#found.some((problem) => problem.severity === 'error')
  }

  #add(severity: 'error' | 'warning', code: string, message: string, span: Span, extras: ProblemExtras): void {
    const { hint, related, fix } = extras
    this.#found.push({
      code,
      severity,
      message,
      file: this.file,
      span,
      ...(hint === undefined ? {} : { hint }),
      ...(related === undefined ? {} : { related }),
      ...(fix === undefined ? {} : { fix }),
    })
  }
}
