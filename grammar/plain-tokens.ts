import type { IToken, TokenType } from 'chevrotain'
import type { EscapeCharacter } from './escape.ts'
import {
  type ArgumentMode,
  As,
  BacktickWords,
  BareWords,
  Comma,
  Flag,
  JsonString,
  Key,
  LeftBracket,
  Rest,
  RightBracket,
  Word,
} from './tokens.ts'
import { isSpace } from './word-patterns.ts'

/**
 * The tokens of arguments without escapes, cut at their blanks in one loop: what the lexer finds too, at a fraction of
 * the cost. Undefined for text that is not so plain (an escape where it could count, an open quote, a bare `--`, a space
 * beyond ASCII), which is left to the lexer.
 */
export function plainTokens(mode: ArgumentMode, text: string, escapeCharacter: EscapeCharacter): IToken[] | undefined {
  if (mode === 'json') return jsonTokens(text)
  const tokens: IToken[] = []
  let at = skipBlanks(text, 0)
  while (text.startsWith('--', at)) {
    const end = quotedWordEnd(text, at, backslash)
    if (end === undefined || end === at + 2) return undefined
    tokens.push(token(Flag, text, at, end))
    at = skipBlanks(text, end)
  }
  if (mode === 'words') return words(tokens, text, at)
  if (mode === 'pairs') return pairs(tokens, text, at, escapeCharacter)
  if (mode !== 'text') at = key(tokens, text, at)
  if (at < text.length) tokens.push(token(Rest, text, at, text.length))
  return tokens
}

function words(tokens: IToken[], text: string, start: number): IToken[] {
  for (let at = start; at < text.length; ) {
    const end = wordEnd(text, at)
    const isAs = end - at === 2 && text.slice(at, end).toLowerCase() === 'as'
    tokens.push(token(isAs ? As : Word, text, at, end))
    at = skipBlanks(text, end)
  }
  return tokens
}

function pairs(tokens: IToken[], text: string, start: number, escapeCharacter: EscapeCharacter): IToken[] | undefined {
  const [pair, bare] = escapeCharacter === '\\' ? BareWords : BacktickWords
  for (let at = start; at < text.length; ) {
    const end = quotedWordEnd(text, at, escapeCharacter.charCodeAt(0))
    if (end === undefined) return undefined
    tokens.push(token(text.slice(at, end).includes('=') ? pair : bare, text, at, end))
    at = skipBlanks(text, end)
  }
  return tokens
}

/** Adds the first word; gives the offset of what follows. */
function key(tokens: IToken[], text: string, start: number): number {
  const end = wordEnd(text, start)
  if (end > start) tokens.push(token(Key, text, start, end))
  return skipBlanks(text, end)
}

function jsonTokens(text: string): IToken[] | undefined {
  const tokens: IToken[] = []
  for (let at = skipBlanks(text, 0); at < text.length; ) {
    const code = text.charCodeAt(at)
    const end = code === doubleQuote ? closingQuote(text, at, backslash) + 1 : at + 1
    const type = code === doubleQuote ? JsonString : punctuation(code)
    if (type === undefined || end === 0) return undefined
    tokens.push(token(type, text, at, end))
    at = skipBlanks(text, end)
  }
  return tokens
}

function punctuation(code: number): TokenType | undefined {
  return code === 0x2c ? Comma : code === 0x5b ? LeftBracket : code === 0x5d ? RightBracket : undefined
}

function token(tokenType: TokenType, text: string, start: number, end: number): IToken {
  const { tokenTypeIdx = 0 } = tokenType
  return { image: text.slice(start, end), startOffset: start, tokenTypeIdx, tokenType }
}

const doubleQuote = 0x22
const singleQuote = 0x27
const backslash = 0x5c

/** The blanks of word-patterns.ts as character codes. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function skipBlanks(text: string, start: number): number {
  let at = start
  while (at < text.length && isBlank(text.charCodeAt(at))) at++
  return at
}

function wordEnd(text: string, start: number): number {
  let at = start
  while (at < text.length && !isBlank(text.charCodeAt(at))) at++
  return at
}

/** Where a word ends in which quotes hold blanks together; undefined for an open quote, an escape or a space beyond ASCII in it. */
function quotedWordEnd(text: string, start: number, escapeCode: number): number | undefined {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isBlank(code)) return at
    if (code === escapeCode || (code > 0x7f && isSpace(code))) return undefined
    if (code !== doubleQuote && code !== singleQuote) continue
    at = closingQuote(text, at, escapeCode)
    if (at < 0) return undefined
  }
  return text.length
}

/** Offset of the quote that closes the one at `start`; -1 when there is none, or an escape before it. */
function closingQuote(text: string, start: number, escapeCode: number): number {
  const quote = text.charCodeAt(start)
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) return at
    if (code === escapeCode) return -1
  }
  return -1
}
