import type { EscapeCharacter } from '../../grammar/index.ts'
import { parsePattern, replaceMatches, trimPrefix, trimSuffix } from './glob-pattern.ts'
import { WordList } from './word-list.ts'

/** Value of a variable, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined

/** A variable that was used without a value and without saying what to take instead. */
export interface UnsetName {
  readonly name: string
  /** Range of `$name` or `${name…}` in the word. */
  readonly start: number
  readonly end: number
}

export type Expansion =
  | {
      readonly kind: 'expanded'
      readonly text: string
      /** The text split at blanks that were neither quoted nor escaped, those of variables' values included. */
      readonly words: readonly string[]
      readonly unset: readonly UnsetName[]
    }
  | { readonly kind: 'failed'; readonly message: string; readonly start: number; readonly end: number }

/**
 * Expands `$v`, `${v}` and its modifiers in a word and takes quotes and escapes away, the way Dockerfiles do it (a
 * subset of the shell's rules; the escape directive's character is the backslash here). `quotes: 'kept'` is for heredoc
 * bodies, where quotes are plain text. A wrong word gives the message and its range.
 */
export function expandWord(
  text: string,
  escapeCharacter: EscapeCharacter,
  lookup: Lookup,
  quotes: 'removed' | 'kept' = 'removed',
): Expansion {
  return new WordExpander(text, escapeCharacter, lookup, quotes).expand()
}

const nameStart = /[\p{L}_]/u
const nameRest = /[\p{L}\p{Nd}_]/u
const digit = /\p{Nd}/u
/** `$@`, `$1` and the like have no value here. */
const specialNames = '@*#?-$!0'

/** How deep `${…}` may stand in each other; without a limit a hostile file could exhaust the call stack. */
const maxDepth = 100

class WordExpander {
  readonly #text: string
  readonly #escape: EscapeCharacter
  readonly #lookup: Lookup
  readonly #quotes: boolean
  readonly #unset: UnsetName[] = []
  readonly #list = new WordList()
  #at = 0
  #depth = 0
  #failure: { message: string; start: number } | undefined

  constructor(text: string, escapeCharacter: EscapeCharacter, lookup: Lookup, quotes: 'removed' | 'kept') {
    this.#text = text
    this.#escape = escapeCharacter
    this.#lookup = lookup
    this.#quotes = quotes === 'removed'
  }

  expand(): Expansion {
    const text = this.#until('', false, this.#list)
    this.#list.close()
    if (this.#failure !== undefined) return { kind: 'failed', ...this.#failure, end: this.#text.length }
    return { kind: 'expanded', text, words: this.#list.words, unset: this.#unset }
  }

  /** First failure wins; it ends every loop, as they all end where the text does. */
  #fail(message: string, start: number): string {
    this.#failure ??= { message, start }
    this.#at = this.#text.length
    return ''
  }

  #peek(): string {
    return this.#text.charAt(this.#at)
  }

  #next(): string {
    return this.#text.charAt(this.#at++)
  }

  get #ended(): boolean {
    return this.#at >= this.#text.length
  }

  /** Reads up to and over `stop`, or to the end when it is empty. `raw` keeps escapes, for patterns. */
  #until(stop: string, raw: boolean, list?: WordList): string {
    const start = this.#at
    let result = ''
    while (!this.#ended) {
      const char = this.#peek()
      if (char === stop) {
        this.#at++
        return result
      }
      if (this.#quotes && (char === "'" || char === '"')) {
        const quoted = char === "'" ? this.#singleQuoted() : this.#doubleQuoted()
        list?.solid(quoted)
        result += quoted
      } else if (char === '$') {
        const value = this.#dollar()
        list?.splitting(value)
        result += value
      } else if (char === this.#escape) {
        const escaped = this.#escaped(raw)
        list?.solid(escaped)
        result += escaped
      } else {
        this.#at++
        list?.splitting(char)
        result += char
      }
    }
    return stop === '' ? result : this.#fail(`syntax error: missing '${stop}'`, start)
  }

  /** The escape character vanishes, also alone at the end, and protects what follows. */
  #escaped(raw: boolean): string {
    this.#at++
    const char = this.#next()
    return raw ? this.#escape + char : char
  }

  #singleQuoted(): string {
    const start = this.#at
    const end = this.#text.indexOf("'", start + 1)
    if (end < 0) return this.#fail('unexpected end of statement while looking for matching single-quote', start)
    this.#at = end + 1
    return this.#text.slice(start + 1, end)
  }

  #doubleQuoted(): string {
    const start = this.#at++
    let result = ''
    while (!this.#ended) {
      const char = this.#peek()
      if (char === '"') {
        this.#at++
        return result
      }
      if (char === '$') {
        result += this.#dollar()
        continue
      }
      this.#at++
      const following = this.#peek()
      const escapes = char === this.#escape && (following === '"' || following === '$' || following === this.#escape)
      result += escapes ? this.#next() : char
    }
    return this.#fail('unexpected end of statement while looking for matching double-quote', start)
  }

  #dollar(): string {
    const start = this.#at++
    if (this.#peek() !== '{') {
      const name = this.#name()
      return name === '' ? '$' : this.#value(name, start)
    }
    if (this.#depth === maxDepth) return this.#fail(`\${…} is nested more than ${maxDepth} deep`, start)
    this.#at++
    this.#depth++
    const value = this.#braced(start)
    this.#depth--
    return value
  }

  /** What stands in `${…}`, and the closing brace. */
  #braced(start: number): string {
    if (this.#ended) return this.#fail("syntax error: missing '}'", start)
    if ('{}:'.includes(this.#peek())) return this.#fail('syntax error: bad substitution', start)
    const name = this.#name()
    const first = this.#next()
    switch (first) {
      case '}':
        return this.#value(name, start)
      case ':':
        return this.#conditional(name, this.#next(), true, start)
      case '-':
      case '+':
      case '?':
        return this.#conditional(name, first, false, start)
      case '#':
      case '%':
        return this.#trimmed(name, first, start)
      case '/':
        return this.#replaced(name, start)
      case '':
        return this.#fail("syntax error: missing '}'", start)
      default:
        return this.#fail(`unsupported modifier (${first}) in substitution`, start)
    }
  }

  #name(): string {
    const first = this.#peek()
    if (digit.test(first)) return this.#run(digit)
    if (first !== '' && specialNames.includes(first)) return this.#next()
    return nameStart.test(first) ? this.#run(nameRest) : ''
  }

  #run(pattern: RegExp): string {
    const start = this.#at
    while (!this.#ended && pattern.test(this.#peek())) this.#at++
    return this.#text.slice(start, this.#at)
  }

  #value(name: string, start: number): string {
    const value = this.#lookup(name)
    if (value === undefined && nameStart.test(name.charAt(0))) this.#unset.push({ name, start, end: this.#at })
    return value ?? ''
  }

  #conditional(name: string, operator: string, emptyIsUnset: boolean, start: number): string {
    if (operator !== '-' && operator !== '+' && operator !== '?') {
      return this.#fail(`unsupported modifier (:${operator}) in substitution`, start)
    }
    const word = this.#until('}', false)
    const value = this.#lookup(name)
    const isSet = value !== undefined && !(emptyIsUnset && value === '')
    if (operator === '+') return isSet ? word : ''
    if (isSet) return value
    if (operator === '-') return word
    const state = value === undefined ? 'unset' : 'empty'
    return this.#fail(`${name}: ${word === '' ? `is not allowed to be ${state}` : word}`, start)
  }

  #trimmed(name: string, operator: '#' | '%', start: number): string {
    const longest = this.#peek() === operator
    if (longest) this.#at++
    const pattern = parsePattern(this.#until('}', true), this.#escape)
    const value = this.#value(name, start)
    return operator === '#' ? trimPrefix(pattern, value, longest) : trimSuffix(pattern, value, longest)
  }

  #replaced(name: string, start: number): string {
    const all = this.#peek() === '/'
    if (all) this.#at++
    const pattern = parsePattern(this.#until('/', true), this.#escape)
    const replacement = this.#until('}', false)
    return replaceMatches(pattern, this.#value(name, start), replacement, all)
  }
}
