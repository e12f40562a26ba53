import type { EscapeCharacter } from '../../grammar/index.ts'
import { trimSpacesEnd, trimSpacesStart } from '../../grammar/word-patterns.ts'
import { replacing, type SourceFile, type Span } from '../base/index.ts'
import type { Heredoc } from './ast.ts'
import { findHeredocs, type HeredocOpening, nearTerminator, readHeredocBody } from './heredocs.ts'
import { OffsetMap } from './offset-map.ts'
import type { Problems } from './problems.ts'
import { type SourceLine, sourceLine } from './source-line.ts'

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
  readonly emptyContinuations: Span[]
  indented: boolean
}

class LineScanner {
  readonly #source: SourceFile
  readonly #problems: Problems
  readonly #continuation: RegExp
  #index: number

  constructor(source: SourceFile, firstLine: number, escapeCharacter: EscapeCharacter, problems: Problems) {
    this.#source = source
    this.#problems = problems
    this.#index = firstLine
    // An escape character that is itself escaped does not continue the line.
    this.#continuation = escapeCharacter === '\\' ? /(?:^|[^\\])(\\[ \t]*)$/ : /(?:^|[^`])(`[ \t]*)$/
  }

  next(): LogicalLine | undefined {
    for (let line = this.#read(); line !== undefined; line = this.#read()) {
      const trimmed = trimSpacesStart(line.text)
      if (trimmed === '' || trimmed.startsWith('#')) continue
      const { start } = line
      const joining = { text: '', start, end: start, offsets: new OffsetMap(), emptyContinuations: [], indented: false }
      this.#join(line, joining)
      const done = this.#finish(joining)
      if (done !== undefined) return done
    }
    return undefined
  }

  #join(first: SourceLine, joining: Joining): void {
    let more = this.#append(first, joining)
    while (more) {
      const line = this.#read()
      if (line === undefined) return
      const trimmed = trimSpacesStart(line.text)
      if (trimmed.startsWith('#')) continue
      if (trimmed === '') joining.emptyContinuations.push({ start: line.start, end: line.start + line.text.length })
      else more = this.#append(line, joining)
    }
  }

  /** Adds a line; true when its end says that another one follows. */
  #append(line: SourceLine, joining: Joining): boolean {
    const tail = this.#continuation.exec(line.text)?.[1]
    const whole = tail === undefined ? line.text : line.text.slice(0, -tail.length)
    const kept = joining.text === '' ? trimSpacesStart(whole) : whole
    const start = line.start + whole.length - kept.length
    if (joining.text === '') {
      joining.start = start
      joining.indented = start > line.start
    }
    joining.offsets.add(joining.text.length, start)
    joining.text += kept
    joining.end = line.start + line.text.length
    return tail !== undefined
  }

  #finish(joining: Joining): LogicalLine | undefined {
    const text = trimSpacesEnd(joining.text)
    if (text === '') return undefined
    const heredocs: Heredoc[] = []
    let end = joining.end
    for (const opening of findHeredocs(text, joining.offsets)) {
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
    const { offsets, emptyContinuations, indented } = joining
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

  #read(): SourceLine | undefined {
    const line = sourceLine(this.#source, this.#index)
    if (line === undefined) return undefined
    this.#index++
    if (line.text.length * 3 <= maxLineBytes || Buffer.byteLength(line.text) <= maxLineBytes) return line
    const span = { start: line.start, end: line.start + line.text.length }
    const message = `dockerfile line greater than maximum allowed size of ${maxLineBytes}`
    this.#problems.error('line-too-long', message, span, { hint: 'split it by continuation lines' })
    return { ...line, text: '' }
  }
}
