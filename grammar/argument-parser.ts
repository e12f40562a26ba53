import { EmbeddedActionsParser, type IToken, type ParserMethod, type TokenType } from 'chevrotain'
import {
  As,
  Assignment,
  Comma,
  Flag,
  FlagsEnd,
  JsonString,
  Key,
  LeftBracket,
  Pair,
  Rest,
  RightBracket,
  vocabulary,
  Word,
} from './tokens.ts'

/** A stretch of an instruction's argument text; offsets count from its start. */
export interface Piece {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** What each start rule yields: flags as written, and the pieces of its shape. */
export interface Pieces {
  readonly flags: readonly Piece[]
  readonly words: readonly Piece[]
}

/** The start rules, one per shape of arguments. */
export type ArgumentRule = 'from' | 'words' | 'assignments' | 'pairs' | 'legacyPair' | 'text' | 'exec' | 'health'

/** A token as a piece of text. */
export function piece(token: IToken): Piece {
  return { text: token.image, start: token.startOffset, end: token.startOffset + token.image.length }
}

/**
 * The argument grammar. Each rule reads one instruction's arguments, from the first flag to the end of its logical
 * line. Rules keep the pieces as written; quotes, numbers and paths are nobody's business here.
 */
export class ArgumentParser extends EmbeddedActionsParser {
  readonly #flags: ParserMethod<[], Piece[]> = this.RULE('flags', (): Piece[] => {
    const flags: Piece[] = []
    this.MANY(() => flags.push(piece(this.CONSUME(Flag))))
    this.OPTION(() => this.CONSUME(FlagsEnd))
    return flags
  })

  /** `[flags] image [AS name]`: words are the image, then AS and the name. */
  readonly from: ParserMethod<[], Pieces> = this.RULE('from', (): Pieces => {
    const flags = this.SUBRULE(this.#flags)
    const words = [piece(this.CONSUME(Word))]
    this.OPTION(() => {
      words.push(piece(this.CONSUME(As)))
      words.push(piece(this.CONSUME1(Word)))
    })
    return { flags, words }
  })

  /** `[flags] word…`: COPY, ADD, EXPOSE, VOLUME. */
  readonly words: ParserMethod<[], Pieces> = this.RULE('words', () => this.#many(() => this.CONSUME(Word)))

  /** `[flags] name[=value]…`: ARG. */
  readonly assignments: ParserMethod<[], Pieces> = this.RULE('assignments', () =>
    this.#many(() => this.CONSUME(Assignment)),
  )

  /** `[flags] name=value…`: ENV, LABEL. */
  readonly pairs: ParserMethod<[], Pieces> = this.RULE('pairs', () => this.#many(() => this.CONSUME(Pair)))

  /** `[flags] name rest-of-line`: ENV and LABEL of old. */
  readonly legacyPair: ParserMethod<[], Pieces> = this.RULE('legacyPair', (): Pieces => {
    const flags = this.SUBRULE(this.#flags)
    const name = piece(this.CONSUME(Key))
    return { flags, words: [name, piece(this.CONSUME(Rest))] }
  })

  /** `[flags] rest-of-line`: MAINTAINER, STOPSIGNAL, USER, WORKDIR, and commands. */
  readonly text: ParserMethod<[], Pieces> = this.RULE('text', (): Pieces => {
    const flags = this.SUBRULE(this.#flags)
    return { flags, words: [piece(this.CONSUME(Rest))] }
  })

  /** `["a", "b"]`: words are the strings, still quoted. */
  readonly exec: ParserMethod<[], Pieces> = this.RULE('exec', (): Pieces => {
    const words: Piece[] = []
    this.CONSUME(LeftBracket)
    this.MANY_SEP({ SEP: Comma, DEF: () => words.push(piece(this.CONSUME(JsonString))) })
    this.CONSUME(RightBracket)
    return { flags: [], words }
  })

  /** `[flags] NONE` or `[flags] CMD command`; the command is read again by `command` or `exec`. */
  readonly health: ParserMethod<[], Pieces> = this.RULE('health', (): Pieces => {
    const flags = this.SUBRULE(this.#flags)
    const words = [piece(this.CONSUME(Key))]
    this.OPTION(() => words.push(piece(this.CONSUME(Rest))))
    return { flags, words }
  })

  /** `validate` checks the grammar for ambiguities, which costs start-up time: tests do it, the product does not. */
  constructor(validate: boolean) {
    super(vocabulary as TokenType[], { skipValidations: !validate, recoveryEnabled: false, maxLookahead: 2 })
    this.performSelfAnalysis()
  }

  #many(item: () => IToken): Pieces {
    const flags = this.SUBRULE(this.#flags)
    const words: Piece[] = []
    this.AT_LEAST_ONE(() => words.push(piece(item())))
    return { flags, words }
  }
}
