import { type Fix, replacing, type Span } from '../base/index.ts'
import type { Word } from '../dockerfile/index.ts'

/** A word that could not be expanded, with the offset in it from which it is wrong. */
interface Failure {
  readonly message: string
  readonly start: number
}

/** What to do about a substitution that is wrong, and the fix where it can only mean one thing. */
export function substitutionAdvice(word: Word, failure: Failure): { hint: string; fix?: Fix | undefined } {
  const text = word.text.slice(failure.start)
  const { message } = failure
  if (message.includes('quote')) return { hint: 'close the quote, or protect it by the escape character' }
  if (message.includes('nested')) return { hint: 'set parts of it by ENV or ARG of their own' }
  const unclosed = /^\$\{[A-Za-z_]\w*(?=["']?$)/.exec(text)?.[0]
  if (unclosed !== undefined) {
    const end = failure.start + unclosed.length
    return { hint: `close it: ${unclosed}}`, fix: edit(word, { start: end, end }, '}', `write ${unclosed}}`) }
  }
  if (message.includes('modifier')) return modifierAdvice(word, failure, text)
  if (message.includes('syntax')) return { hint: 'write $NAME or ${NAME}, or protect the $ by the escape character' }
  const name = /^\$\{(\w+)/.exec(text)?.[1] ?? 'it'
  return { hint: `give it by --build-arg ${name}=VALUE, or set ${name} with ENV or ARG before this line` }
}

function modifierAdvice(word: Word, { start }: Failure, text: string): { hint: string; fix?: Fix | undefined } {
  const [, before = ''] = /^(\$\{\w+:?)=/.exec(text) ?? []
  if (before !== '') {
    const at = start + before.length
    const hint = 'a substitution cannot set a variable: write - for a default'
    return { hint, fix: edit(word, { start: at, end: at + 1 }, '-', 'write - for =') }
  }
  if (/^\$\{!/.test(text)) return { hint: 'names cannot be looked up by a variable here' }
  if (/^\$\{\w+(?:,|\^|@)/.test(text)) {
    return { hint: 'case cannot be changed here: do it in a RUN, where the shell expands' }
  }
  if (/^\$\{\w+: *-?\d/.test(text)) return { hint: 'there are no substrings here: cut with # ## % or %%' }
  return { hint: 'modifiers are :- - :+ + :? ? # ## % %% / and //' }
}

/** An edit inside the word; undefined when quotes, JSON escapes or a continuation moved its characters. */
function edit({ text, span }: Word, part: Span, replacement: string, title: string): Fix | undefined {
  if (span.end - span.start !== text.length) return undefined
  return replacing({ start: span.start + part.start, end: span.start + part.end }, replacement, title)
}
