import { type InstructionKind, instructionRule } from '../../grammar/index.ts'
import { type ArgumentRule, type Piece, parseArguments } from '../../grammar/parse-arguments.ts'
import { type Fix, nearest, replacing } from '../base/index.ts'
import type { InstructionText } from './instruction-text.ts'
import { usage } from './usage.ts'

/** What to do about arguments that do not fit their shape. */
interface Advice {
  readonly hint: string
  readonly fix?: Fix | undefined
}

/** Reports arguments that do not fit `rule`: at the piece that does not belong, or for the whole when one is missing. */
export function reportShape(
  at: InstructionText,
  kind: InstructionKind,
  rule: ArgumentRule,
  unexpected: Piece | undefined,
): void {
  const { keyword, atLeast, shape } = instructionRule(kind)
  const span = unexpected === undefined ? at.wholeSpan : at.span(unexpected)
  const { problems } = at
  if (rule === 'from') {
    problems.error('from-arguments', 'FROM requires either one or three arguments', span, fromAdvice(at))
  } else if (rule === 'legacyPair') {
    problems.error('missing-arguments', `${keyword} must have two arguments`, span, loneNameAdvice(at, keyword))
  } else if (rule === 'pairs' && unexpected !== undefined) {
    const message = `Syntax error - can't find = in "${unexpected.text}". Must be of the form: name=value`
    problems.error('invalid-pair', message, span, pairAdvice(at, unexpected))
  } else {
    const count =
      shape === 'text' ? 'exactly one argument' : atLeast === 2 ? 'at least two arguments' : 'at least one argument'
    problems.error('missing-arguments', `${keyword} requires ${count}`, at.wholeSpan, { hint: `write ${usage[kind]}` })
  }
}

/** A `#` behind an instruction is text. Undefined when there is none; the fix keeps the comment above the instruction. */
export function trailingComment(at: InstructionText, words: readonly Piece[]): Advice | undefined {
  const index = words.findIndex((word) => word.text.startsWith('#'))
  const comment = words[index]
  const before = words[index - 1]
  if (comment === undefined || before === undefined) return undefined
  const { start } = at.keyword.span
  const edits = [
    { span: { start, end: start }, text: `${at.arguments.slice(comment.start)}\n` },
    { span: at.span({ start: before.end, end: at.arguments.length }), text: '' },
  ]
  return { hint: 'a comment stands on a line of its own', fix: { title: 'put the comment above', edits } }
}

function fromAdvice(at: InstructionText): Advice {
  const words = wordsOf(at, 'words')
  const [image, second, third] = words
  const comment = trailingComment(at, words)
  if (comment !== undefined) return comment
  const flag = words.find((word) => word.text.startsWith('--'))
  if (image !== undefined && flag !== undefined) {
    return { hint: 'flags stand before the image', fix: moved(at, flag, image) }
  }
  if (second !== undefined && third !== undefined && words.length === 3 && nearest(second.text, ['as']) === 'as') {
    return { hint: `write FROM ${image?.text} AS ${third.text}`, fix: replacing(at.span(second), 'AS') }
  }
  if (image === undefined || second === undefined) return { hint: `write ${usage.from}` }
  if (second.text.toLowerCase() === 'as') {
    const name = words.slice(2).map((word) => word.text)
    return { hint: name.length === 0 ? 'name the stage after AS' : `a name has no blanks: write AS ${name.join('-')}` }
  }
  const named = `to name the stage write FROM ${image.text} AS ${second.text}`
  return { hint: words.length === 2 ? named : `write ${usage.from}` }
}

/** Moves a word, with the blanks in front of it, to where `target` stands. */
function moved(at: InstructionText, word: Piece, target: Piece): Fix {
  const before = at.arguments.slice(0, word.start).trimEnd().length
  const start = at.span(target).start
  const edits = [
    { span: { start, end: start }, text: `${word.text} ` },
    { span: at.span({ start: before, end: word.end }), text: '' },
  ]
  return { title: `move ${word.text} to the front`, edits }
}

/** `ENV name`: one word and no value. */
function loneNameAdvice(at: InstructionText, keyword: string): Advice {
  const [word] = wordsOf(at, 'words')
  if (word === undefined) return { hint: `write ${keyword} NAME=VALUE` }
  const colon = colonAsEquals(at, word)
  return colon ?? { hint: `write ${keyword} ${word.text}=VALUE, or ${keyword} ${word.text}="" for an empty one` }
}

function pairAdvice(at: InstructionText, unexpected: Piece): Advice {
  const words = wordsOf(at, 'assignments')
  const index = words.findIndex((word) => word.start === unexpected.start)
  const [before, after] = [words[index - 1], words[index + 1]]
  const comment = trailingComment(at, words)
  if (comment !== undefined) return comment
  if (/[“”„]/.test(at.arguments)) return { hint: 'typographic quotes do not quote: write "', fix: plainQuotes(at) }
  if (before?.text.endsWith('=') === true) return joined(at, before, unexpected)
  if (after?.text.startsWith('=') === true) return joined(at, unexpected, after)
  const colon = colonAsEquals(at, unexpected)
  if (colon !== undefined) return colon
  const whole = before === undefined ? undefined : /^([^=]+=)([^'"]+)$/.exec(before.text)
  if (whole === undefined || whole === null) return { hint: 'put a value with blanks in double quotes' }
  return { hint: `put a value with blanks in double quotes: ${whole[1]}"${whole[2]} ${unexpected.text}"` }
}

function joined(at: InstructionText, first: Piece, second: Piece): Advice {
  const span = at.span({ start: first.end, end: second.start })
  const hint = `write ${first.text}${second.text} without a blank`
  return { hint, fix: replacing(span, '', 'remove the blank at the =') }
}

function colonAsEquals(at: InstructionText, word: Piece): Advice | undefined {
  const colon = /^\w+(?=:[^=]+$)/.exec(word.text)?.[0].length
  if (colon === undefined) return undefined
  const span = at.span({ start: word.start + colon, end: word.start + colon + 1 })
  return { hint: 'a name and its value are joined by =', fix: replacing(span, '=', 'write = for :') }
}

function plainQuotes(at: InstructionText): Fix {
  const found = [...at.arguments.matchAll(/[“”„]/g)]
  const edits = found.map(({ index }) => ({ span: at.span({ start: index, end: index + 1 }), text: '"' }))
  return { title: 'write plain quotes', edits }
}

/** The words behind the flags, whatever the shape. */
function wordsOf(at: InstructionText, rule: 'words' | 'assignments'): readonly Piece[] {
  const parsed = parseArguments(rule, at.arguments, at.escape)
  return parsed.kind === 'arguments' ? parsed.words : []
}
