import type { EscapeCharacter } from '../../grammar/index.ts'
import { nearest, type Span } from '../base/index.ts'
import type { Word } from '../dockerfile/index.ts'
import { type Expansion, expandWord, type Lookup, type UnsetName } from './expand-word.ts'
import type { InstructionSite } from './instruction-site.ts'
import { substitutionAdvice } from './substitution-advice.ts'

/** The variables an instruction sees: values, and the names that are declared, with a value or not. */
export interface Scope {
  readonly escape: EscapeCharacter
  readonly lookup: Lookup
  isDeclared(name: string): boolean
  /** Whether something that is not known, such as the config of a base image, may set the name. */
  mayBeSet?(name: string): boolean
  names(): Iterable<string>
}

/** What to do about a variable that nothing declares. */
export type ReportUnset = (unset: UnsetName, span: Span, guess: string | undefined) => void

/** Words above this length are quoted in part. */
const longestQuote = 120

/** What may be different from an ordinary word: how unset variables are reported, and that quotes are plain text. */
export interface ExpandOptions {
  readonly report?: ReportUnset
  readonly quotes?: 'removed' | 'kept'
  /** Whether a word that cannot be expanded is reported; its variables are in any case. */
  readonly errors?: 'reported' | 'ignored'
}

/** Expands a word and reports what is wrong with it. Undefined after an error. */
export function expandIn(
  site: InstructionSite,
  word: Word,
  scope: Scope,
  options: ExpandOptions = {},
): string | undefined {
  return expandFully(site, word, scope, options)?.text
}

/** As `expandIn`, split into words at the blanks that were not quoted. */
export function expandToWords(site: InstructionSite, word: Word, scope: Scope): readonly string[] | undefined {
  return expandFully(site, word, scope, {})?.words
}

function expandFully(
  site: InstructionSite,
  word: Word,
  scope: Scope,
  { report = reportUndefined(site), quotes = 'removed', errors = 'reported' }: ExpandOptions,
): Extract<Expansion, { kind: 'expanded' }> | undefined {
  const expansion = expandWord(word.text, scope.escape, scope.lookup, quotes)
  if (expansion.kind === 'failed') {
    if (errors === 'ignored') return undefined
    const message = `failed to process "${excerpt(word.text, expansion.start)}": ${expansion.message}`
    const span = partSpan(site, word, failedPart(word.text, expansion))
    site.error('invalid-substitution', message, span, substitutionAdvice(word, expansion))
    return undefined
  }
  for (const unset of expansion.unset) {
    if (scope.isDeclared(unset.name)) continue
    const guess = nearest(unset.name, scope.names())
    if (guess === undefined && scope.mayBeSet?.(unset.name) === true) continue
    report(unset, partSpan(site, word, unset), guess)
  }
  return expansion
}

/** A word as messages quote it: of a heredoc the line that is wrong, of a long one the part from where it is. */
function excerpt(text: string, start: number): string {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const line = text.slice(lineStart, text.indexOf('\n', start) < 0 ? text.length : text.indexOf('\n', start))
  if (line.length <= longestQuote) return line
  return `…${line.slice(start - lineStart, start - lineStart + longestQuote)}…`
}

function reportUndefined(site: InstructionSite): ReportUnset {
  return ({ name }, span, guess) => {
    const also = guess === undefined ? '' : ` (did you mean $${guess}?)`
    site.warning('undefined-var', `Usage of undefined variable '$${name}'${also}`, span, {
      hint: `it expands to nothing; declare it with ARG ${name} or ENV ${name}=… first`,
    })
  }
}

/** From where the word is wrong to the brace that ends it, or to the end of the word. */
function failedPart(text: string, { start, end }: { start: number; end: number }): { start: number; end: number } {
  const brace = /^\$\{[^${}]*\}/.exec(text.slice(start))?.[0].length
  return { start, end: brace === undefined ? end : start + brace }
}

/** The part of a word; the whole of it when quotes, JSON escapes or a continuation moved its characters. */
function partSpan(site: InstructionSite, word: Word, part: { start: number; end: number }): Span {
  const { start, end } = word.span
  const span = end - start === word.text.length ? { start: start + part.start, end: start + part.end } : word.span
  return site.span({ span })
}
