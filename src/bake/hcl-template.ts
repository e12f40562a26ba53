import type { Expression, TemplateExpression, TemplatePart } from './hcl-ast.ts'
import type { Cursor } from './hcl-cursor.ts'
import { type Place, syntaxProblem } from './problem.ts'

/** Reads an expression up to what cannot belong to it, passing over line ends. */
export type ReadExpression = (cursor: Cursor) => Expression

/**
 * How the text between the holes is written: `quoted` knows backslashes and ends at a quote, `raw` is as it is and ends with the
 * cursor; `indented` too, and the indentation that all lines share is cut.
 */
export type TemplateForm = 'quoted' | 'raw' | 'indented'

interface TextItem {
  readonly kind: 'text'
  text: string
}
interface HoleItem {
  readonly kind: 'hole'
  readonly value: Expression
}
interface DirectiveItem {
  readonly kind: 'directive'
  readonly word: string
  readonly place: Place
  readonly condition?: Expression
  readonly key?: string
  readonly item?: string
}
type Item = TextItem | HoleItem | DirectiveItem

/** Reads a template; of the quoted form the opening quote is read already, and the closing one is. */
export function readTemplate(cursor: Cursor, form: TemplateForm, read: ReadExpression): TemplateExpression {
  const start = form === 'quoted' ? cursor.at - 1 : cursor.at
  const items = readItems(cursor, form, read, start)
  const nested = new Nesting(items)
  const parts = nested.parts([])
  return { kind: 'template', parts, place: cursor.place(start) }
}

/** Texts, holes and directives one after the other. */
function readItems(cursor: Cursor, form: TemplateForm, read: ReadExpression, start: number): readonly Item[] {
  const items: Item[] = []
  let trimsNext = false
  // Texts end with their lines, and what a ~ cuts is the text beside it.
  const addText = (text: string): void => {
    const last = items.at(-1)
    const kept = trimsNext ? text.replace(/^\s+/, '') : text
    if (kept !== '' || text.includes('\n')) trimsNext = false
    if (last?.kind === 'text' && (form === 'quoted' || !last.text.endsWith('\n'))) last.text += kept
    else items.push({ kind: 'text', text: kept })
  }
  const indent = form === 'indented' ? sharedIndent(cursor.text.slice(start, cursor.end)) : 0
  for (;;) {
    skipIndent(cursor, start, indent)
    if (cursor.isAtEnd) {
      if (form !== 'quoted') return items
      throw syntaxProblem(cursor.place(start, start + 1), 'the string that begins here has no end', 'close it with "')
    }
    const { text, at } = cursor
    if (form === 'quoted' && text[at] === '"') {
      cursor.at++
      return items
    }
    if (text.startsWith('$${', at) || text.startsWith('%%{', at)) {
      addText(text.slice(at + 1, at + 3))
      cursor.at += 3
    } else if (text.startsWith('${', at) || text.startsWith('%{', at)) {
      const opened = at
      cursor.at += 2
      const last = items.at(-1)
      if (takeTilde(cursor) && last?.kind === 'text') last.text = last.text.replace(/\s+$/, '')
      items.push(text[at] === '$' ? { kind: 'hole', value: read(cursor) } : readDirective(cursor, read, opened))
      trimsNext = closeHole(cursor, opened)
    } else addText(form === 'quoted' ? readQuotedText(cursor) : readRawText(cursor))
  }
}

/** The indentation of the line that has least of it; lines of blanks alone have no say. */
function sharedIndent(text: string): number {
  const indents = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.search(/[^ ]/)]))
  return indents.length === 0 ? 0 : Math.min(...indents)
}

/** At the beginning of a line, goes behind its indentation. */
function skipIndent(cursor: Cursor, start: number, indent: number): void {
  if (cursor.at !== start && cursor.text[cursor.at - 1] !== '\n') return
  for (let blanks = 0; blanks < indent && cursor.text[cursor.at] === ' ' && !cursor.isAtEnd; blanks++) cursor.at++
}

function takeTilde(cursor: Cursor): boolean {
  if (cursor.text[cursor.at] !== '~') return false
  cursor.at++
  return true
}

/** Goes behind `}` or `~}`, and says whether the blanks that follow are cut. */
function closeHole(cursor: Cursor, opened: number): boolean {
  cursor.skip(true)
  const trims = takeTilde(cursor)
  if (cursor.take('}')) return trims
  const hint = `close what ${cursor.text.slice(opened, opened + 2)} opens`
  throw cursor.unexpected('"}"', hint)
}

const quotedRun = /[^"\\$%\n]+|[$%]/y
const rawRun = /[^$%\n]*\n|[^$%\n]+|[$%]/y
const escapeCode = /\\(?:[nrt"\\]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/y
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

function readQuotedText(cursor: Cursor): string {
  const run = cursor.match(quotedRun)
  if (run !== undefined) return run
  const { at } = cursor
  const found = cursor.match(escapeCode)
  if (found !== undefined) {
    const letter = found[1] ?? ''
    const code = Number.parseInt(found.slice(2), 16)
    if (letter !== 'u' && letter !== 'U') return escapes[letter] ?? ''
    if (code <= 0x10ffff) return String.fromCodePoint(code)
  }
  if (cursor.text[at] !== '\\') {
    throw syntaxProblem(
      cursor.place(at, at),
      'the string ends with its line',
      'close it with ", or write a heredoc: <<EOT',
    )
  }
  const wrong = cursor.text.slice(at, at + 2)
  throw syntaxProblem(
    cursor.place(at, at + 2),
    `"${wrong}" is no escape`,
    'there are \\n, \\r, \\t, \\", \\\\, \\uNNNN and \\UNNNNNNNN; a backslash is written \\\\',
  )
}

function readRawText(cursor: Cursor): string {
  const run = cursor.match(rawRun)
  if (run !== undefined) return run
  // The run went over the end of a part of the text.
  const rest = cursor.text.slice(cursor.at, cursor.end)
  cursor.at = cursor.end
  return rest
}

const directiveWords = ['if', 'else', 'endif', 'for', 'endfor']

function readDirective(cursor: Cursor, read: ReadExpression, opened: number): DirectiveItem {
  cursor.skip(true)
  const start = cursor.at
  const word = cursor.identifier()
  if (word === undefined || !directiveWords.includes(word)) {
    cursor.at = start
    throw cursor.unexpected('if, else, endif, for or endfor', 'a %{ that stands for itself is written %%{')
  }
  const place = cursor.place(opened)
  if (word === 'if') return { kind: 'directive', word, place, condition: read(cursor) }
  if (word !== 'for') return { kind: 'directive', word, place }
  const names = readForNames(cursor)
  return { kind: 'directive', word, place, ...names, condition: read(cursor) }
}

/** `v in` or `k, v in`, after `for`. */
export function readForNames(cursor: Cursor): { readonly key?: string; readonly item: string } {
  const name = (): string => {
    cursor.skip(true)
    const found = cursor.identifier()
    if (found === undefined)
      throw cursor.unexpected('the name of a variable', 'write for VALUE in LIST, or for KEY, VALUE in MAP')
    return found
  }
  const first = name()
  cursor.skip(true)
  const second = cursor.take(',') ? name() : undefined
  cursor.skip(true)
  if (cursor.peekIdentifier() !== 'in')
    throw cursor.unexpected('"in"', 'write for VALUE in LIST, or for KEY, VALUE in MAP')
  cursor.identifier()
  return second === undefined ? { item: first } : { key: first, item: second }
}

/** Puts what directives enclose into them. */
class Nesting {
  readonly #items: readonly Item[]
  #next = 0

  constructor(items: readonly Item[]) {
    this.#items = items
  }

  /** Up to a directive of `ends`, which is left; up to the end when there are none. */
  parts(ends: readonly string[], opener?: DirectiveItem): readonly TemplatePart[] {
    const parts: TemplatePart[] = []
    for (;;) {
      const item = this.#items[this.#next]
      if (item === undefined) {
        if (opener === undefined) return parts
        throw syntaxProblem(opener.place, `"%{${opener.word}" has no end`, `close it with %{end${opener.word}}`)
      }
      if (item.kind === 'directive' && ends.includes(item.word)) return parts
      this.#next++
      if (item.kind !== 'directive') parts.push(item)
      else parts.push(this.#directive(item))
    }
  }

  #takeWord(): string | undefined {
    const item = this.#items[this.#next++]
    return item?.kind === 'directive' ? item.word : undefined
  }

  #directive(item: DirectiveItem): TemplatePart {
    const { condition } = item
    if (item.word === 'if' && condition !== undefined) {
      const yes = this.parts(['else', 'endif'], item)
      const hasElse = this.#takeWord() === 'else'
      const no = hasElse ? this.parts(['endif'], item) : []
      if (hasElse) this.#takeWord()
      return { kind: 'if', condition, yes, no }
    }
    if (item.word === 'for' && condition !== undefined && item.item !== undefined) {
      const body = this.parts(['endfor'], item)
      this.#next++
      return {
        kind: 'for',
        ...(item.key === undefined ? {} : { key: item.key }),
        item: item.item,
        collection: condition,
        body,
      }
    }
    throw syntaxProblem(item.place, `"%{${item.word}" closes nothing`, 'open it with %{if …} or %{for …}')
  }
}
