import type { Piece } from '../../grammar/argument-parser.ts'
import type { EscapeCharacter } from '../../grammar/index.ts'
import { blanks, spaces } from '../../grammar/word-patterns.ts'
import type { Span } from '../base/index.ts'
import type { Word } from './ast.ts'
import type { Problems } from './problems.ts'
import type { LogicalLine } from './scan-lines.ts'

const keywordPattern = new RegExp(`^([^${blanks}]*)[${spaces}]*`)

/**
 * The instruction being read: its keyword and arguments on a logical line. `argumentsStart` is the offset of the
 * arguments in the line; pieces count from there.
 */
export class InstructionText {
  readonly line: LogicalLine
  readonly keyword: Word
  readonly argumentsStart: number
  readonly escape: EscapeCharacter
  readonly problems: Problems
  readonly #start: number

  constructor(line: LogicalLine, start: number, escapeCharacter: EscapeCharacter, problems: Problems) {
    const [head = '', word = ''] = keywordPattern.exec(line.text.slice(start)) ?? []
    this.line = line
    this.#start = start
    this.keyword = { text: word, span: line.offsets.span(start, start + word.length) }
    this.argumentsStart = start + head.length
    this.escape = escapeCharacter
    this.problems = problems
  }

  /** The arguments as text. */
  get arguments(): string {
    return this.line.text.slice(this.argumentsStart)
  }

  /** What every instruction of the AST begins with. */
  get head(): { readonly keyword: Word; readonly text: string; readonly span: Span } {
    const { keyword } = this
    return { keyword, text: this.line.text.slice(this.#start), span: this.wholeSpan }
  }

  /** Source span of the instruction: of the whole line, or from its keyword on when it follows ONBUILD. */
  get wholeSpan(): Span {
    return { start: this.keyword.span.start, end: this.line.span.end }
  }

  /** Source span of a piece of the arguments. */
  span(piece: Pick<Piece, 'start' | 'end'>): Span {
    return this.line.offsets.span(this.argumentsStart + piece.start, this.argumentsStart + piece.end)
  }

  word(piece: Piece): Word {
    return { text: piece.text, span: this.span(piece) }
  }

  /** A piece's part from `start` to `end`, counted from the piece's start. */
  part(piece: Piece, start: number, end = piece.text.length): Word {
    return this.word({ text: piece.text.slice(start, end), start: piece.start + start, end: piece.start + end })
  }
}
