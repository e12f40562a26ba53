import { type SourceFile, sanitizeLine } from '../base/index.ts'
import { type Place, type Problem, syntaxProblem } from './problem.ts'

/** What an identifier may begin with and consist of. */
const identifier = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy
const number = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const punctuation = /\.\.\.|=>|==|!=|<=|>=|&&|\|\||[-+*/%!<>?:=.,()[\]{}"]/y
const comment = /(?:#|\/\/)[^\n]*/y

interface CursorRange {
  readonly from?: number
  readonly end?: number
  readonly toFile?: (offset: number) => number
}

/** Reads a file from left to right. Blanks and comments are passed over by `skip`; a line end counts where the caller says so. */
export class Cursor {
  readonly file: string
  readonly text: string
  at: number
  readonly end: number

  readonly #toFile: (offset: number) => number

  /** With `toFile`, the text is a decoded piece of the file, and this gives the offset there. */
  constructor(source: Pick<SourceFile, 'name' | 'text'>, range: CursorRange = {}) {
    this.file = source.name
    this.text = source.text
    this.at = range.from ?? (source.text.startsWith('\ufeff') ? 1 : 0)
    this.end = range.end ?? source.text.length
    this.#toFile = range.toFile ?? ((offset) => offset)
  }

  /** A cursor on a part of what this one reads. */
  within(from: number, end: number): Cursor {
    return new Cursor({ name: this.file, text: this.text }, { from, end, toFile: this.#toFile })
  }

  /** Passes blanks and comments; line ends too with `lines`. */
  skip(lines: boolean): void {
    for (;;) {
      const char = this.text[this.at]
      if (this.at >= this.end) return
      if (char === ' ' || char === '\t' || char === '\r' || (lines && char === '\n')) this.at++
      else if (this.text.startsWith('/*', this.at)) this.#blockComment()
      else if (this.match(comment) === undefined) return
    }
  }

  #blockComment(): void {
    const close = this.text.indexOf('*/', this.at + 2)
    if (close < 0 || close + 2 > this.end) {
      throw syntaxProblem(
        this.place(this.at, this.at + 2),
        'the comment that begins here has no end',
        'close it with */',
      )
    }
    this.at = close + 2
  }

  /** What `pattern` (sticky) finds here, and goes behind it. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const [found] = pattern.exec(this.text) ?? []
    if (found === undefined || this.at + found.length > this.end) return undefined
    this.at += found.length
    return found
  }

  /** The next sign, without going behind it; undefined where there is none. */
  peek(): string | undefined {
    const { at } = this
    const found = this.match(punctuation)
    this.at = at
    return found
  }

  /** Goes behind `sign` if it comes next, and says whether it did. */
  take(sign: string): boolean {
    if (this.peek() !== sign) return false
    this.at += sign.length
    return true
  }

  expect(sign: string, what: string): void {
    if (!this.take(sign)) throw this.unexpected(what)
  }

  identifier(): string | undefined {
    return this.match(identifier)
  }

  /** The identifier that comes next, without going behind it. */
  peekIdentifier(): string | undefined {
    const { at } = this
    const found = this.identifier()
    this.at = at
    return found
  }

  number(): string | undefined {
    return this.match(number)
  }

  get isAtEnd(): boolean {
    return this.at >= this.end
  }

  place(start: number, end: number = this.at): Place {
    return { file: this.file, span: { start: this.#toFile(start), end: this.#toFile(end) } }
  }

  /** What stands here instead of `expected`. */
  unexpected(expected: string, hint?: string): Problem {
    const { at } = this
    const word = this.identifier() ?? this.number() ?? this.match(punctuation) ?? this.text.slice(at, at + 1)
    this.at = at
    if (at >= this.end) return syntaxProblem(this.place(at, at), `expected ${expected}, but the text ends here`, hint)
    const found = word === '\n' || word === '\r' ? 'the line ends here' : `found "${sanitizeLine(word)}"`
    return syntaxProblem(this.place(at, at + word.length), `expected ${expected}, but ${found}`, hint)
  }
}
