import { instructionKinds, instructionRule, isInstructionKind } from '../../grammar/index.ts'
import { type Fix, nearest, replacing } from '../base/index.ts'
import { takesHeredocs } from './heredocs.ts'
import type { InstructionText } from './instruction-text.ts'
import type { LogicalLine } from './scan-lines.ts'

/** Why a word that is no instruction may stand where one is expected, and what to do about it. */
interface Explanation {
  readonly hint: string
  readonly fix?: Fix | undefined
}

/** Words of the shell that have an instruction of their own; two of them look like other instructions. */
const shellWords: Readonly<Record<string, string>> = { cd: 'WORKDIR', export: 'ENV', set: 'ENV', exec: 'RUN' }

const blankHeredoc = /(?<=(?:^|\s)\d*<<-?)\s+(?=\S)/

/** Reports the first word of an instruction that is none. `above` is the line before it, which often explains it. */
export function reportUnknownInstruction(at: InstructionText, above: LogicalLine | undefined): void {
  const { text, span } = at.keyword
  const shellWord = Object.hasOwn(shellWords, text) ? shellWords[text] : undefined
  const guess = shellWord === undefined ? nearest(text, instructionKinds)?.toUpperCase() : undefined
  const also = guess === undefined ? '' : ` (did you mean ${guess}?)`
  at.problems.error('unknown-instruction', `unknown instruction: ${text}${also}`, span, {
    ...(splitKeyword(at) ??
      otherLanguage(at) ??
      blankInHeredoc(above) ??
      (guess === undefined ? undefined : misspelt(at, guess)) ??
      continued(at, above) ??
      unknown(at, shellWord)),
  })
}

function misspelt(at: InstructionText, guess: string): Explanation {
  const hint = `write ${guess}, or end the line above with ${at.escape} if this continues it`
  return { hint, fix: replacing(at.keyword.span, guess) }
}

/** `ENTRY POINT`: a keyword with a blank in it. */
function splitKeyword(at: InstructionText): Explanation | undefined {
  const second = /^[a-z]+(?=\s|$)/i.exec(at.arguments)?.[0] ?? ''
  const keyword = (at.keyword.text + second).toUpperCase()
  if (second === '' || !isInstructionKind(keyword.toLowerCase())) return undefined
  const { end } = at.span({ start: 0, end: second.length })
  return { hint: `write ${keyword} as one word`, fix: replacing({ start: at.keyword.span.start, end }, keyword) }
}

/** Comments of other languages, and what git leaves in a file that it could not merge. */
function otherLanguage(at: InstructionText): Explanation | undefined {
  const { text, span } = at.keyword
  if (text.startsWith('//')) {
    const slashes = { start: span.start, end: span.start + 2 }
    return { hint: 'a comment begins with #', fix: replacing(slashes, '#', 'make it a comment') }
  }
  if (/^(?:\/\*|--|<!--|;)/.test(text)) return { hint: 'a comment begins with #, on every line of it' }
  if (/^(?:<{7}|\|{7}|={7}|>{7})$/.test(text)) {
    return { hint: 'git left this: settle the conflict and remove its marks' }
  }
  return undefined
}

/** `<< NAME`: the shell takes it for a heredoc, a Dockerfile does not, so the body is read as instructions. */
function blankInHeredoc(above: LogicalLine | undefined): Explanation | undefined {
  if (above === undefined || !takesHeredocs(above.text)) return undefined
  const blank = blankHeredoc.exec(above.text)
  if (blank === null) return undefined
  const span = above.offsets.span(blank.index, blank.index + blank[0].length)
  return {
    hint: 'if this is a heredoc, its name follows << directly: write <<NAME without a blank',
    fix: replacing(span, '', 'remove the blank behind <<'),
  }
}

/** An indented line, or one that begins with an operator of the shell, belongs to the line above. */
function continued(at: InstructionText, above: LogicalLine | undefined): Explanation | undefined {
  const operator = /^(?:&&|\|\|?|;|-)/.test(at.keyword.text)
  if (above === undefined || above.heredocs.length > 0 || !(operator || at.line.indented)) return undefined
  const hint = `end the line above with ${at.escape} if this continues it`
  const title = 'continue the line above'
  const other = at.escape === '\\' ? '`' : '\\'
  const { length } = above.text
  const isLong = above.offsets.at(length - 1) - above.offsets.at(0) > length - 1
  if (above.text.endsWith(other)) {
    const span = above.offsets.span(length - 1, length)
    return { hint: `${hint}: not ${other}, by the escape directive`, fix: replacing(span, at.escape, title) }
  }
  // One line alone and an indented word behind it: a lost RUN is as likely as a lost continuation.
  if (!operator && !isLong) return { hint: `${hint}, or write RUN in front to run a command` }
  return { hint, fix: replacing(above.offsets.span(length, length), ` ${at.escape}`, title) }
}

function unknown(at: InstructionText, shellWord: string | undefined): Explanation {
  const continues = `end the line above with ${at.escape} if this continues it`
  if (shellWord !== undefined) return { hint: `a command of the shell: write ${shellWord} instead, or ${continues}` }
  if (/^[a-z][a-z0-9._-]*$/.test(at.keyword.text)) {
    return { hint: `write RUN in front to run a command, or ${continues}` }
  }
  const known = instructionKinds.map((kind) => instructionRule(kind).keyword).join(', ')
  return { hint: `${continues}; instructions are ${known}` }
}
