import type { Piece } from '../../grammar/argument-parser.ts'
import type { EscapeCharacter } from '../../grammar/index.ts'
import type { Span } from '../base/index.ts'
import type { Word } from './ast.ts'
import { skipSpaces, skipWord } from './blanks.ts'
import type { Problems } from './problems.ts'
import type { LogicalLine } from './scan-lines.ts'

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
  /** The arguments as text. */
  readonly arguments: string
  /** The instruction as text, on one line. */
  readonly text: string

  constructor(line: LogicalLine, start: number, escapeCharacter: EscapeCharacter, problems: Problems) {
    const { text } = line
    const keywordEnd = skipWord(text, start, text.length)
    this.line = line
    this.keyword = { text: text.slice(start, keywordEnd), span: line.offsets.span(start, keywordEnd) }
    this.argumentsStart = skipSpaces(text, keywordEnd, text.length)
    this.escape = escapeCharacter
    this.problems = problems
    this.arguments = text.slice(this.argumentsStart)
    this.text = start === 0 ? text : text.slice(start)
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
