import { createToken, type IToken, Lexer, type TokenType } from 'chevrotain'
import type { EscapeCharacter } from './escape.ts'
import { blanks, quotedWord, spaces } from './word-patterns.ts'

/** Lexer modes: one per way of reading an instruction's arguments. The keyword chooses, so no token changes modes. */
export type ArgumentMode = 'words' | 'pairs' | 'legacyPair' | 'text' | 'json' | 'health'

const wordPattern = new RegExp(`[^${blanks}]+`, 'y')
const flagPattern = new RegExp(`--(?:'(?:\\\\.|[^'\\\\])*'?|"(?:\\\\.|[^"\\\\])*"?|\\\\.?|[^${spaces}'"\\\\])+`, 'sy')
const flagsEndPattern = new RegExp(`--(?=[${spaces}]|$)`, 'y')

/** Flags are flags only in front of every argument and of a bare `--`; later on they are words. */
function beforeArguments(pattern: RegExp) {
  return (text: string, offset: number, matched: IToken[]): RegExpExecArray | null => {
    const last = matched[matched.length - 1]
    if (last !== undefined && last.tokenType !== Flag) return null
    pattern.lastIndex = offset
    return pattern.exec(text)
  }
}

/** The old pair's name: only the first word after the flags. */
function firstWord(text: string, offset: number, matched: IToken[]): RegExpExecArray | null {
  const last = matched[matched.length - 1]
  if (last !== undefined && last.tokenType !== Flag && last.tokenType !== FlagsEnd) return null
  wordPattern.lastIndex = offset
  return wordPattern.exec(text)
}

export const Blank = createToken({
  name: 'Blank',
  pattern: new RegExp(`[${blanks}]+`),
  group: Lexer.SKIPPED,
  line_breaks: true,
})
/** Between words with quotes, more counts as a blank. */
export const Space = createToken({
  name: 'Space',
  pattern: new RegExp(`[${spaces}]+`),
  group: Lexer.SKIPPED,
  line_breaks: true,
})
export const FlagsEnd: TokenType = createToken({
  name: 'FlagsEnd',
  label: '--',
  pattern: beforeArguments(flagsEndPattern),
  line_breaks: false,
  start_chars_hint: ['-'],
})
export const Flag: TokenType = createToken({
  name: 'Flag',
  label: '--flag',
  pattern: beforeArguments(flagPattern),
  line_breaks: true,
  start_chars_hint: ['-'],
})
export const Word = createToken({
  name: 'Word',
  label: 'word',
  pattern: new RegExp(`[^${blanks}]+`),
  line_breaks: false,
})
export const As = createToken({
  name: 'As',
  label: 'AS',
  pattern: new RegExp(`as(?![^${blanks}])`, 'i'),
  categories: [Word],
})
export const Key = createToken({ name: 'Key', label: 'name', pattern: firstWord, line_breaks: false })
export const Rest = createToken({
  name: 'Rest',
  label: 'text',
  pattern: new RegExp(`[^${blanks}][\\s\\S]*`),
  line_breaks: true,
})
export const LeftBracket = createToken({ name: 'LeftBracket', label: '[', pattern: /\[/ })
export const RightBracket = createToken({ name: 'RightBracket', label: ']', pattern: /\]/ })
export const Comma = createToken({ name: 'Comma', label: ',', pattern: /,/ })
export const JsonString = createToken({ name: 'JsonString', label: 'string', pattern: /"(?:\\[\s\S]|[^"\\])*"/ })
/** A word with quotes and escapes in it, without and with an `=`; the patterns depend on the escape character. */
export const BareWord = createToken({ name: 'BareWord', label: 'name', pattern: Lexer.NA })
export const Pair = createToken({ name: 'Pair', label: 'name=value', pattern: Lexer.NA })
/** Either of the two. */
export const Assignment = createToken({ name: 'Assignment', label: 'name or name=value', pattern: Lexer.NA })
export const BareWords: readonly [TokenType, TokenType] = quotedWords('\\', 'Backslash')
export const BacktickWords: readonly [TokenType, TokenType] = quotedWords('`', 'Backtick')

/** Pair before bare word: a word is a pair when a `=` stands anywhere in it, quoted or not. */
function quotedWords(escapeCharacter: EscapeCharacter, name: string): readonly [TokenType, TokenType] {
  const word = new RegExp(quotedWord(escapeCharacter), 'sy')
  const match = (wanted: boolean) => (text: string, offset: number) => {
    word.lastIndex = offset
    const found = word.exec(text)
    return found?.[0].includes('=') === wanted ? found : null
  }
  return [
    createToken({
      name: `${name}Pair`,
      label: 'name=value',
      pattern: match(true),
      categories: [Pair, Assignment],
      line_breaks: true,
    }),
    createToken({
      name: `${name}Word`,
      label: 'name',
      pattern: match(false),
      categories: [BareWord, Assignment],
      line_breaks: true,
    }),
  ]
}

/** Every token type the parser has to know. */
export const vocabulary: TokenType[] = [
  Blank,
  Space,
  FlagsEnd,
  Flag,
  As,
  Word,
  Pair,
  BareWord,
  Assignment,
  ...BareWords,
  ...BacktickWords,
  Key,
  Rest,
  LeftBracket,
  RightBracket,
  Comma,
  JsonString,
]

/** Token types by mode, in order of priority, for one escape character. Each mode has a token for every character. */
export function lexerModes(escapeCharacter: EscapeCharacter): Record<ArgumentMode, TokenType[]> {
  const flags = [Blank, FlagsEnd, Flag]
  return {
    words: [...flags, As, Word],
    pairs: [Space, FlagsEnd, Flag, ...(escapeCharacter === '\\' ? BareWords : BacktickWords)],
    legacyPair: [...flags, Key, Rest],
    text: [...flags, Rest],
    json: [Blank, LeftBracket, RightBracket, Comma, JsonString, Word],
    health: [...flags, Key, Rest],
  }
}
