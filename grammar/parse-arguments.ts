import { type IToken, Lexer } from 'chevrotain'
import { invariant } from '../src/base/index.ts'
import { ArgumentParser, type ArgumentRule, type Piece, type Pieces, piece } from './argument-parser.ts'
import type { EscapeCharacter } from './escape.ts'
import { plainTokens } from './plain-tokens.ts'
import { type ArgumentMode, Flag, lexerModes } from './tokens.ts'

export type { ArgumentRule, Piece, Pieces } from './argument-parser.ts'

/** Arguments that do not fit their shape: the piece that does not belong, or nothing when the line ended too early. */
export interface ShapeFailure {
  readonly kind: 'failure'
  /** The flags all the same, since a wrong one is the better thing to report. */
  readonly flags: readonly Piece[]
  readonly unexpected?: Piece
}

export type ParsedArguments = ({ readonly kind: 'arguments' } & Pieces) | ShapeFailure

const modeOfRule = {
  from: 'words',
  words: 'words',
  assignments: 'pairs',
  pairs: 'pairs',
  legacyPair: 'legacyPair',
  text: 'text',
  exec: 'json',
  health: 'health',
} as const satisfies Readonly<Record<ArgumentRule, ArgumentMode>>

const lexers = new Map<EscapeCharacter, Lexer>()
let parser: ArgumentParser | undefined

/** A lexer for one escape character. `validate` as in `ArgumentParser`. */
export function createLexer(escapeCharacter: EscapeCharacter, validate: boolean): Lexer {
  return new Lexer(
    { modes: lexerModes(escapeCharacter), defaultMode: 'words' },
    { positionTracking: 'onlyOffset', skipValidations: !validate },
  )
}

/**
 * Reads `text`, the arguments of one instruction on one logical line, by `rule`. Never throws on any text. Lexers and
 * parser are made at first use and kept; a call ends before the next begins, as nothing in here is re-entrant.
 */
export function parseArguments(rule: ArgumentRule, text: string, escapeCharacter: EscapeCharacter): ParsedArguments {
  const mode = modeOfRule[rule]
  const tokens = plainTokens(mode, text, escapeCharacter) ?? lexedTokens(mode, text, escapeCharacter)
  parser ??= new ArgumentParser(false)
  parser.input = tokens
  const pieces: Pieces | undefined = parser[rule]()
  const failure = parser.errors[0]
  if (failure === undefined) {
    invariant(pieces !== undefined, `rule ${rule} gave nothing`)
    return { kind: 'arguments', flags: pieces.flags, words: pieces.words }
  }
  const flags = tokens.filter((token) => token.tokenType === Flag).map(piece)
  if (failure.token.image === '') return { kind: 'failure', flags }
  return { kind: 'failure', flags, unexpected: piece(failure.token) }
}

/** The tokens that the lexer finds, which is made at first use and kept. */
export function lexedTokens(mode: ArgumentMode, text: string, escapeCharacter: EscapeCharacter): IToken[] {
  let lexer = lexers.get(escapeCharacter)
  if (lexer === undefined) {
    lexer = createLexer(escapeCharacter, false)
    lexers.set(escapeCharacter, lexer)
  }
  const { tokens, errors } = lexer.tokenize(text, mode)
  invariant(errors.length === 0, `no token matches in ${JSON.stringify(text)}`)
  return tokens
}
