import type { Piece } from '../../grammar/argument-parser.ts'
import {
  type FlagName,
  type FlagRule,
  type InstructionKind,
  instructionKinds,
  instructionRule,
} from '../../grammar/index.ts'
import { type Fix, nearest, replacing } from '../base/index.ts'
import type { Flag } from './ast.ts'
import type { InstructionText } from './instruction-text.ts'

/**
 * Checks the flags of an instruction against the table. Returns undefined after reporting the first that is unknown,
 * repeated, without its value, or a boolean that is neither true nor false.
 */
export function readFlags<K extends InstructionKind>(
  at: InstructionText,
  kind: K,
  pieces: readonly Piece[],
): Flag<K>[] | undefined {
  const rules = instructionRule(kind).flags
  const flags: Flag<K>[] = []
  for (const piece of pieces) {
    const { name, value, valueStart } = splitFlag(piece)
    const rule = rules.find((candidate) => candidate.name === name)
    if (rule === undefined || !isFlagOf(kind, name)) return unknownFlag(at, kind, piece, name)
    const span = at.span(piece)
    if (rule.type !== 'list' && flags.some((flag) => flag.name === name)) {
      reportDuplicate(at, piece, name, pieces)
      return undefined
    }
    const checked = checkValue(at, kind, rule, piece, value)
    if (checked === undefined) return undefined
    const valueSpan = valueStart === undefined ? span : at.span({ start: valueStart, end: piece.end })
    flags.push({ name, value: checked, span, valueSpan })
  }
  return flags
}

/** Removes quotes and backslashes; in a flag the escape directive has no say. */
function splitFlag(piece: Piece): { name: string; value?: string; valueStart?: number } {
  const { text: written } = piece
  const text = !/["'\\]/.test(written)
    ? written
    : written.replace(/(["'])((?:\\.|(?!\1)[^\\])*)\1?|\\(.?)/gs, (_, quote, quoted, plain) =>
        quote === undefined ? String(plain) : String(quoted).replace(/\\(.)/gs, '$1'),
      )
  const equals = text.indexOf('=')
  if (equals < 0) return { name: text.slice(2) }
  return {
    name: text.slice(2, equals),
    value: text.slice(equals + 1),
    valueStart: piece.start + piece.text.indexOf('=') + 1,
  }
}

function isFlagOf<K extends InstructionKind>(kind: K, name: string): name is FlagName<K> {
  return instructionRule(kind).flags.some((rule) => rule.name === name)
}

/** A flag that says the same again can go; of two that differ, nobody knows which is meant. */
function reportDuplicate(at: InstructionText, piece: Piece, name: string, pieces: readonly Piece[]): void {
  const same = pieces.some((other) => other.start < piece.start && other.text === piece.text)
  const behind = /^\s*/.exec(at.arguments.slice(piece.end))?.[0].length ?? 0
  const span = at.span({ start: piece.start, end: piece.end + behind })
  at.problems.error('duplicate-flag', `duplicate flag specified: ${name}`, at.span(piece), {
    hint: 'give it once',
    fix: same ? replacing(span, '', `remove the second --${name}`) : undefined,
  })
}

function unknownFlag(at: InstructionText, kind: InstructionKind, piece: Piece, name: string): undefined {
  const { keyword, flags } = instructionRule(kind)
  const names = flags.map((rule) => rule.name)
  const guess = nearest(name, names)
  const end = piece.start + 2 + name.length
  const written = at.span({ start: piece.start, end })
  const also = guess === undefined ? '' : ` (did you mean ${guess}?)`
  at.problems.error('unknown-flag', `unknown flag: --${name}${also}`, at.span(piece), {
    hint:
      names.length === 0
        ? `${keyword} takes no flags${ownerOf(name)}; write -- in front of an argument that begins with --`
        : `${keyword} takes ${names.map((known) => `--${known}`).join(', ')}${ownerOf(name)}`,
    fix: guess === undefined || !piece.text.startsWith(`--${name}`) ? undefined : replacing(written, `--${guess}`),
  })
  return undefined
}

/** Which instructions have a flag of that name. */
function ownerOf(name: string): string {
  const owners = instructionKinds.map(instructionRule).filter(({ flags }) => flags.some((flag) => flag.name === name))
  return owners.length === 0 ? '' : `; --${name} belongs to ${owners.map(({ keyword }) => keyword).join(' and ')}`
}

function checkValue(
  at: InstructionText,
  kind: InstructionKind,
  rule: FlagRule,
  piece: Piece,
  value: string | undefined,
): string | undefined {
  if (rule.type !== 'boolean') {
    if (value !== undefined) return value
    const fix = valueBehind(at, kind, piece)
    const hint = fix?.title ?? `write --${rule.name}=VALUE`
    at.problems.error('missing-flag-value', `missing a value on flag: ${rule.name}`, at.span(piece), { hint, fix })
    return undefined
  }
  const word = value?.toLowerCase() ?? 'true'
  if (word === 'true' || word === 'false') return word
  const meant = /^(?:1|yes|on|y|t)$/.test(word) ? 'true' : /^(?:0|no|off|n|f)$/.test(word) ? 'false' : undefined
  const message = `expecting boolean value for flag ${rule.name}, not: ${value}`
  at.problems.error('invalid-flag-value', message, at.span(piece), {
    hint: 'write true or false',
    fix: meant === undefined ? undefined : replacing(at.span(piece), `--${rule.name}=${meant}`),
  })
  return undefined
}

/** `--flag value`: joined by `=`, when enough words are left for the instruction. */
function valueBehind(at: InstructionText, kind: InstructionKind, piece: Piece): Fix | undefined {
  const rest = at.arguments.slice(piece.end)
  const words = rest.trim().split(/\s+/)
  if (words.length <= instructionRule(kind).atLeast || /^(?:-|\[|<<)/.test(words[0] ?? '')) return undefined
  const blank = rest.length - rest.trimStart().length
  const span = at.span({ start: piece.end, end: piece.end + blank })
  return replacing(span, '=', `write ${piece.text}=${words[0]}`)
}
