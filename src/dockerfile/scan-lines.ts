import type { EscapeCharacter } from '../../grammar/index.ts'
import { trimSpacesEnd } from '../../grammar/word-patterns.ts'
import { replacing, type SourceFile, type Span } from '../base/index.ts'
import type { Heredoc } from './ast.ts'
import { skipSpaces } from './blanks.ts'
import { findHeredocs, type HeredocOpening, nearTerminator, readHeredocBody } from './heredocs.ts'
import { OffsetMap } from './offset-map.ts'
import type { Problems } from './problems.ts'
import { lineEnd, lineStart } from './source-line.ts'

/** One instruction as text: continuation lines joined, comments and blank lines between them dropped. */
export interface LogicalLine {
  /** No blanks at either end; continuation lines keep their leading ones. */
  readonly text: string
  readonly offsets: OffsetMap
  /** From the first character to the end of the last line, heredoc bodies included. */
  readonly span: Span
  readonly heredocs: readonly Heredoc[]
  /** Blank lines inside the continuation. */
  readonly emptyContinuations: readonly Span[]
  /** Whether blanks stand in front of it. */
  readonly indented: boolean
}

/** BuildKit's line buffer. */
const maxLineBytes = 65_535

/**
 * Splits a source into logical lines from line `firstLine` (from 0) on, as text: joining happens before anything is
 * parsed, so a continuation may split a keyword, a word or a JSON array. Too long a line and a heredoc without its
 * end are errors in `problems`; such an instruction is left out.
 */
export function scanLogicalLines(
  source: SourceFile,
  firstLine: number,
  escapeCharacter: EscapeCharacter,
  problems: Problems,
): LogicalLine[] {
  const scanner = new LineScanner(source, firstLine, escapeCharacter, problems)
  const lines: LogicalLine[] = []
  for (let line = scanner.next(); line !== undefined; line = scanner.next()) lines.push(line)
  return lines
}

/** One logical line being put together. */
interface Joining {
  text: string
  start: number
  end: number
  readonly offsets: OffsetMap
  emptyContinuations: Span[] | undefined
  indented: boolean
}

const hash = 0x23
const noSpans: readonly Span[] = []

/** Goes over the source by offsets: a line becomes a string of its own only as part of an instruction. */
class LineScanner {
  readonly #source: SourceFile
  readonly #problems: Problems
  readonly #escapeCode: number
  #index: number
  /** The line read last, without its line end. */
  #start = 0
  #end = 0

  constructor(source: SourceFile, firstLine: number, escapeCharacter: EscapeCharacter, problems: Problems) {
    this.#source = source
    this.#problems = problems
    this.#escapeCode = escapeCharacter.charCodeAt(0)
    this.#index = firstLine
  }

  next(): LogicalLine | undefined {
    while (this.#read()) {
      if (this.#isBlankOrComment()) continue
      const done = this.#finish(this.#join())
      if (done !== undefined) return done
    }
    return undefined
  }

  #isBlankOrComment(): boolean {
    const first = skipSpaces(this.#source.text, this.#start, this.#end)
    return first === this.#end || this.#source.text.charCodeAt(first) === hash
  }

  #join(): Joining {
    const offsets = new OffsetMap()
    const joining: Joining = { text: '', start: 0, end: 0, offsets, emptyContinuations: undefined, indented: false }
    let more = this.#append(joining)
    while (more && this.#read()) {
      if (!this.#isBlankOrComment()) more = this.#append(joining)
      else if (skipSpaces(this.#source.text, this.#start, this.#end) === this.#end) {
        joining.emptyContinuations ??= []
        joining.emptyContinuations.push({ start: this.#start, end: this.#end })
      }
    }
    return joining
  }

  /** Adds the line; true when its end says that another one follows. */
  #append(joining: Joining): boolean {
    const { text } = this.#source
    const end = this.#continuationStart()
    const isFirst = joining.text === ''
    const start = isFirst ? skipSpaces(text, this.#start, end) : this.#start
    if (isFirst) {
      joining.start = start
      joining.indented = start > this.#start
    }
    joining.offsets.add(joining.text.length, start)
    joining.text += text.slice(start, end)
    joining.end = this.#end
    return end < this.#end
  }

  /** Where the escape character at the end of the line stands, blanks behind it or not; else the line's end. */
  #continuationStart(): number {
    const { text } = this.#source
    let at = this.#end - 1
    while (at > this.#start && (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09)) at--
    if (at < this.#start || text.charCodeAt(at) !== this.#escapeCode) return this.#end
    // An escape character that is itself escaped does not continue the line.
    return at > this.#start && text.charCodeAt(at - 1) === this.#escapeCode ? this.#end : at
  }

  #finish(joining: Joining): LogicalLine | undefined {
    const text = trimSpacesEnd(joining.text)
    if (text === '') return undefined
    const { offsets, emptyContinuations = noSpans, indented } = joining
    let { end } = joining
    const heredocs: Heredoc[] = []
    for (const opening of text.includes('<<') ? findHeredocs(text, offsets) : []) {
      const body = readHeredocBody(this.#source, this.#index, opening)
      if (body === undefined) {
        this.#reportUnterminated(opening)
        this.#index = this.#source.lineStarts.length
        return undefined
      }
      heredocs.push(body.heredoc)
      this.#index = body.nextLine
      end = body.end
    }
    return { text, offsets, span: { start: joining.start, end }, heredocs, emptyContinuations, indented }
  }

  #reportUnterminated(opening: HeredocOpening): void {
    const { name, span } = opening
    const file = this.#source.name
    const near = nearTerminator(this.#source, this.#index, opening)
    this.#problems.error('unterminated-heredoc', `unterminated heredoc "${name}"`, span, {
      hint: `end it by a line that holds just ${name}${near === undefined ? '' : ', without blanks and in the same case'}`,
      related: near === undefined ? undefined : [{ file, span: near, message: `this is not quite ${name}` }],
      fix: near === undefined ? undefined : replacing(near, name, `write ${name} alone on its line`),
    })
  }

  /** Steps to the next line; false behind the last. One that is too long is reported, and counts as blank. */
  #read(): boolean {
    const start = lineStart(this.#source, this.#index)
    if (start === undefined) return false
    const end = lineEnd(this.#source, this.#index, start)
    this.#index++
    this.#start = start
    this.#end = end
    if ((end - start) * 3 > maxLineBytes && Buffer.byteLength(this.#source.text.slice(start, end)) > maxLineBytes) {
      const message = `dockerfile line greater than maximum allowed size of ${maxLineBytes}`
      this.#problems.error('line-too-long', message, { start, end }, { hint: 'split it by continuation lines' })
      this.#end = start
    }
    return true
  }
}
