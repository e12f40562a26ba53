import type { EscapeCharacter } from '../../grammar/index.ts'
import type { ArgumentRule, Piece } from '../../grammar/parse-arguments.ts'
import { quotedWord } from '../../grammar/word-patterns.ts'
import type { ArgInstruction, Assignment, EnvInstruction, LabelInstruction, Pair } from './ast.ts'
import type { InstructionText } from './instruction-text.ts'
import { readArguments, textAfterFlags } from './read-arguments.ts'

export function parseArg(at: InstructionText): ArgInstruction | undefined {
  const read = readArguments(at, 'arg', 'assignments')
  if (read === undefined) return undefined
  const assignments: Assignment[] = []
  for (const piece of read.words) {
    const equals = piece.text.indexOf('=')
    if (equals === 0) return reportNameless(at, 'ARG', piece)
    const span = at.span(piece)
    if (equals < 0) assignments.push({ name: at.word(piece), span })
    else assignments.push({ name: at.part(piece, 0, equals), value: at.part(piece, equals + 1), span })
  }
  return { kind: 'arg', keyword: at.keyword, text: at.text, span: at.wholeSpan, flags: read.flags, assignments }
}

export function parseEnv(at: InstructionText): EnvInstruction | undefined {
  const rule = pairRule(at)
  const read = readArguments(at, 'env', rule)
  const pairs = read && splitPairs(at, 'ENV', rule, read.words)
  if (read === undefined || pairs === undefined) return undefined
  return {
    kind: 'env',
    keyword: at.keyword,
    text: at.text,
    span: at.wholeSpan,
    flags: read.flags,
    pairs,
    legacy: rule === 'legacyPair',
  }
}

export function parseLabel(at: InstructionText): LabelInstruction | undefined {
  const rule = pairRule(at)
  const read = readArguments(at, 'label', rule)
  const pairs = read && splitPairs(at, 'LABEL', rule, read.words)
  if (read === undefined || pairs === undefined) return undefined
  return {
    kind: 'label',
    keyword: at.keyword,
    text: at.text,
    span: at.wholeSpan,
    flags: read.flags,
    pairs,
    legacy: rule === 'legacyPair',
  }
}

const firstWord: Readonly<Record<EscapeCharacter, RegExp>> = {
  '\\': new RegExp(`^${quotedWord('\\')}`, 's'),
  '`': new RegExp(`^${quotedWord('`')}`, 's'),
}

/** The old form is the one whose first word, quotes and escapes minded, has no `=`. */
function pairRule(at: InstructionText): 'pairs' | 'legacyPair' {
  const text = textAfterFlags(at)?.text ?? '='
  const first = firstWord[at.escape].exec(text)?.[0] ?? '='
  return first.includes('=') ? 'pairs' : 'legacyPair'
}

function splitPairs(
  at: InstructionText,
  keyword: string,
  rule: ArgumentRule,
  pieces: readonly Piece[],
): Pair[] | undefined {
  const [name, value] = pieces
  if (rule === 'legacyPair' && name !== undefined && value !== undefined) {
    const span = at.span({ start: name.start, end: value.end })
    return [{ name: at.word(name), value: at.word(value), span }]
  }
  const pairs: Pair[] = []
  for (const piece of pieces) {
    const equals = piece.text.indexOf('=')
    if (equals === 0) return reportNameless(at, keyword, piece)
    pairs.push({ name: at.part(piece, 0, equals), value: at.part(piece, equals + 1), span: at.span(piece) })
  }
  return pairs
}

function reportNameless(at: InstructionText, keyword: string, piece: Piece): undefined {
  const message = `${keyword} names can not be blank, found "${piece.text}"`
  at.problems.error('blank-name', message, at.span(piece), { hint: `write ${keyword} NAME=VALUE` })
  return undefined
}
