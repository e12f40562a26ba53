import { positionAt, type SourceFile, type Span } from '../base/index.ts'
import type { Instruction, ProblemExtras, Problems, Word } from '../dockerfile/index.ts'
import type { Origin } from './types.ts'

/** An image whose ONBUILD trigger is being lowered: what brought it, and its reference. */
export interface TriggerOwner {
  readonly from: Span
  readonly reference: string
}

/**
 * Where an instruction stands, and where to report about it. A trigger of a pulled image has no text in this file:
 * errors then point at the FROM that brought it, and warnings, which its user cannot mend, are not given.
 */
export class InstructionSite {
  readonly instruction: Instruction
  readonly origin: Origin
  readonly #problems: Problems
  readonly #owner: TriggerOwner | undefined

  constructor(source: SourceFile, instruction: Instruction, problems: Problems, owner?: TriggerOwner) {
    const span = owner?.from ?? instruction.span
    this.instruction = instruction
    this.#problems = problems
    this.#owner = owner
    this.origin = {
      file: owner === undefined ? source.name : `ONBUILD of ${owner.reference}`,
      span,
      startLine: positionAt(source, span.start).line,
      endLine: positionAt(source, Math.max(span.start, span.end - 1)).line,
      text: instruction.text.replace(/\s{2,}/g, ' '),
    }
  }

  /** Source span of a word, or of the FROM for a trigger from elsewhere. */
  span(word: Pick<Word, 'span'>): Span {
    return this.#owner?.from ?? word.span
  }

  error(code: string, message: string, span: Span, extras: ProblemExtras = {}): void {
    if (this.#owner === undefined) this.#problems.error(code, message, span, extras)
    else {
      const trigger = `ONBUILD trigger "${this.origin.text}" of ${this.#owner.reference}`
      this.#problems.error(code, `${trigger}: ${message}`, this.#owner.from, { hint: extras.hint })
    }
  }

  warning(code: string, message: string, span: Span, extras: ProblemExtras = {}): void {
    if (this.#owner === undefined) this.#problems.warning(code, message, span, extras)
  }
}
