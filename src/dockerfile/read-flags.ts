import type { Piece } from '../../grammar/argument-parser.ts'
import { type FlagName, type FlagRule, type InstructionKind, instructionRule } from '../../grammar/index.ts'
import { nearest } from '../base/index.ts'
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
      at.problems.error('duplicate-flag', `duplicate flag specified: ${name}`, span, {
        hint: 'give it once',
        fix: { title: `remove --${name}`, edits: [{ span, text: '' }] },
      })
      return undefined
    }
    const checked = checkValue(at, rule, piece, value)
    if (checked === undefined) return undefined
    const valueSpan = valueStart === undefined ? span : at.span({ start: valueStart, end: piece.end })
    flags.push({ name, value: checked, span, valueSpan })
  }
  return flags
}

/** Removes quotes and backslashes; in a flag the escape directive has no say. */
function splitFlag(piece: Piece): { name: string; value?: string; valueStart?: number } {
  const text = piece.text.replace(/(["'])((?:\\.|(?!\1)[^\\])*)\1?|\\(.?)/gs, (_, quote, quoted, plain) =>
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

function unknownFlag(at: InstructionText, kind: InstructionKind, piece: Piece, name: string): undefined {
  const { keyword, flags } = instructionRule(kind)
  const names = flags.map((rule) => rule.name)
  const guess = nearest(name, names)
  const span = at.span(piece)
  const end = piece.start + 2 + name.length
  at.problems.error(
    'unknown-flag',
    `unknown flag: --${name}${guess === undefined ? '' : ` (did you mean ${guess}?)`}`,
    span,
    {
      hint:
        names.length === 0
          ? `${keyword} takes no flags; write -- in front of an argument that begins with --`
          : `${keyword} takes ${names.map((known) => `--${known}`).join(', ')}`,
      fix:
        guess === undefined || !piece.text.startsWith(`--${name}`)
          ? undefined
          : { title: `write --${guess}`, edits: [{ span: at.span({ start: piece.start, end }), text: `--${guess}` }] },
    },
  )
  return undefined
}

function checkValue(at: InstructionText, rule: FlagRule, piece: Piece, value: string | undefined): string | undefined {
  if (rule.type !== 'boolean') {
    if (value !== undefined) return value
    const hint = `write --${rule.name}=VALUE`
    at.problems.error('missing-flag-value', `missing a value on flag: ${rule.name}`, at.span(piece), { hint })
    return undefined
  }
  const word = value?.toLowerCase() ?? 'true'
  if (word === 'true' || word === 'false') return word
  const message = `expecting boolean value for flag ${rule.name}, not: ${value}`
  at.problems.error('invalid-flag-value', message, at.span(piece), { hint: 'write true or false' })
  return undefined
}
