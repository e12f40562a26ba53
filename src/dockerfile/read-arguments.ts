import type { InstructionKind } from '../../grammar/index.ts'
import { type ArgumentRule, type Piece, parseArguments } from '../../grammar/parse-arguments.ts'
import { invariant } from '../base/index.ts'
import type { Flag } from './ast.ts'
import type { InstructionText } from './instruction-text.ts'
import { firstOtherElement } from './json-repair.ts'
import { readFlags } from './read-flags.ts'
import { reportShape } from './report-shape.ts'

/** The arguments of an instruction, its flags checked. */
export interface ReadArguments<K extends InstructionKind> {
  readonly flags: readonly Flag<K>[]
  readonly words: readonly Piece[]
}

/** Reads the arguments by a grammar rule. Undefined when something was wrong, which is then reported. */
export function readArguments<K extends InstructionKind>(
  at: InstructionText,
  kind: K,
  rule: ArgumentRule,
): ReadArguments<K> | undefined {
  const parsed = parseArguments(rule, at.arguments, at.escape)
  const flags = readFlags(at, kind, parsed.flags)
  if (flags === undefined) return undefined
  if (parsed.kind === 'failure') {
    reportShape(at, kind, rule, parsed.unexpected)
    return undefined
  }
  return { flags, words: parsed.words }
}

/** The text of the arguments behind the flags; undefined when there is none. */
export function textAfterFlags(at: InstructionText): Piece | undefined {
  const text = at.arguments
  // Without flags it is all of it, which needs no parser.
  if (!text.startsWith('--')) return text === '' ? undefined : { text, start: 0, end: text.length }
  const parsed = parseArguments('text', at.arguments, at.escape)
  return parsed.kind === 'failure' ? undefined : parsed.words[0]
}

/** What a text in JSON form holds, or that it has another form, or that it was wrong, which is then reported. */
export type ReadArray =
  | { readonly kind: 'strings'; readonly strings: readonly Piece[] }
  | { readonly kind: 'other-form' }
  | { readonly kind: 'failed' }

/**
 * Reads a piece of the arguments as a JSON array of strings, decoded, each with its place. What does not parse as JSON
 * has another form, without a complaint; an array with anything but strings in it is an error.
 */
export function readArray(at: InstructionText, piece: Piece): ReadArray {
  const array = jsonArray(piece.text)
  if (array === undefined) return { kind: 'other-form' }
  if (!isStrings(array)) {
    const other = firstOtherElement(at, piece)
    const found = other === undefined ? '' : `, found ${elementName(other.element.text)}`
    const message = `when using JSON array syntax, arrays must be comprised of strings only${found}`
    const hint = 'put every element in double quotes'
    at.problems.error('json-not-strings', message, at.span(other?.element ?? piece), { hint, fix: other?.fix })
    return { kind: 'failed' }
  }
  const parsed = parseArguments('exec', piece.text, at.escape)
  invariant(parsed.kind === 'arguments' && parsed.words.length === array.length, `JSON read otherwise: ${piece.text}`)
  const strings = parsed.words.map(({ start, end }, index) => ({
    text: array[index] ?? '',
    start: piece.start + start,
    end: piece.start + end,
  }))
  return { kind: 'strings', strings }
}

function elementName(text: string): string {
  return text === '[' ? 'an array' : text === '{' ? 'an object' : text
}

function isStrings(array: readonly unknown[]): array is readonly string[] {
  return array.every((item) => typeof item === 'string')
}

function jsonArray(text: string): readonly unknown[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    // Not JSON, so shell form or words.
    return undefined
  }
}
