import { instructionRule, isInstructionKind } from '../../grammar/index.ts'
import { blanks, quotedWord, spaces } from '../../grammar/word-patterns.ts'
import type { SourceFile, Span } from '../base/index.ts'
import type { Heredoc } from './ast.ts'
import type { OffsetMap } from './offset-map.ts'
import { lineEnd, lineStart, sourceLine } from './source-line.ts'

/** A `<<NAME` on an instruction's line, its body not read yet. */
export type HeredocOpening = Pick<Heredoc, 'name' | 'expand' | 'chomp' | 'descriptor' | 'span'>

export interface HeredocBody {
  readonly heredoc: Heredoc
  /** Index from 0 of the line after the terminator. */
  readonly nextLine: number
  /** Offset at which the terminator ends. */
  readonly end: number
}

/** Words as the shell has them: quotes and backslashes hold blanks together, so `"<<X"` starts with a quote. */
const shellWord = new RegExp(quotedWord('\\'), 'gs')
const keywordPattern = new RegExp(`^([^${blanks}]+)[${spaces}]*(.*)$`, 's')
const openingPattern = /^(\d*)<<(-?)([^<]+)$/

/**
 * The heredocs that a joined line opens, in order: words `<<NAME`, `<<-NAME`, `<<"NAME"`, `3<<NAME` of an instruction
 * that takes them (RUN, COPY, ADD, and ONBUILD of these). `<<<`, `<< NAME` and quoted ones are plain text.
 */
export function findHeredocs(text: string, offsets: OffsetMap): HeredocOpening[] {
  if (!text.includes('<<') || !takesHeredocs(text)) return []
  const found: HeredocOpening[] = []
  for (const match of text.matchAll(shellWord)) {
    const opening = openingPattern.exec(match[0])
    const quoted = opening?.[3]
    if (opening === null || quoted === undefined) continue
    const name = quoted.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs, '$1$2$3')
    if (name === '') continue
    found.push({
      name,
      expand: name === quoted,
      chomp: opening[2] === '-',
      ...(opening[1] ? { descriptor: Number(opening[1]) } : {}),
      span: offsets.span(match.index, match.index + match[0].length),
    })
  }
  return found
}

/** Whether the instruction of a joined line may have heredocs. */
export function takesHeredocs(text: string): boolean {
  const [, word = '', rest = ''] = keywordPattern.exec(text) ?? []
  const kind = word.toLowerCase()
  if (!isInstructionKind(kind)) return false
  // Not more than one level: ONBUILD ONBUILD is refused anyway.
  const inner = kind === 'onbuild' ? (keywordPattern.exec(rest)?.[1] ?? '').toLowerCase() : kind
  return isInstructionKind(inner) && instructionRule(inner).heredoc !== 'none'
}

/** Reads the body that begins at line `firstLine` (from 0); undefined when its terminator never comes. */
export function readHeredocBody(
  source: SourceFile,
  firstLine: number,
  opening: HeredocOpening,
): HeredocBody | undefined {
  const bodyStart = source.lineStarts[firstLine] ?? source.text.length
  const { name, chomp } = opening
  for (let index = firstLine; ; index++) {
    const start = lineStart(source, index)
    if (start === undefined) return undefined
    const end = lineEnd(source, index, start)
    let first = start
    while (chomp && source.text.charCodeAt(first) === 0x09) first++
    if (end - first !== name.length || !source.text.startsWith(name, first)) continue
    const bodySpan: Span = { start: bodyStart, end: start }
    const heredoc = { ...opening, content: source.text.slice(bodyStart, start), bodySpan }
    return { heredoc, nextLine: index + 1, end }
  }
}

/** A heredoc's content as it is meant: `<<-` without each line's leading tabs. */
export function heredocContent(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.content.replace(/^\t+/gm, '') : heredoc.content
}

/**
 * The first line from `firstLine` on that is almost the terminator: with blanks around it, or in another case. People
 * indent it, and a blank behind it cannot be seen.
 */
export function nearTerminator(source: SourceFile, firstLine: number, opening: HeredocOpening): Span | undefined {
  const wanted = opening.name.toLowerCase()
  for (let index = firstLine; ; index++) {
    const line = sourceLine(source, index)
    if (line === undefined) return undefined
    if (line.text.trim().toLowerCase() === wanted) return { start: line.start, end: line.start + line.text.length }
  }
}
