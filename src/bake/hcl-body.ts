import type { Diagnostic, SourceFile } from '../base/index.ts'
import type { Attribute, Block, Body, Label } from './hcl-ast.ts'
import { Cursor } from './hcl-cursor.ts'
import { readExpression } from './hcl-expression.ts'
import { collecting, Problem } from './problem.ts'

/**
 * Parses a file of HCL's native syntax (hclsyntax/spec.md of HashiCorp's HCL 2). The first error ends it: body is undefined then.
 */
export function parseHcl(source: SourceFile): { readonly body?: Body; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const body = collecting(diagnostics, () => readBody(new Cursor(source)))
  return { diagnostics, ...(body === undefined ? {} : { body }) }
}

/** Up to the end, or of a block, behind the brace that closes it. */
function readBody(cursor: Cursor, opened?: number): Body {
  const start = cursor.at
  const attributes: Attribute[] = []
  const blocks: Block[] = []
  for (;;) {
    cursor.skip(true)
    if (opened === undefined ? cursor.isAtEnd : cursor.take('}')) break
    if (cursor.isAtEnd && opened !== undefined) throw unclosed(cursor, opened)
    readItem(cursor, attributes, blocks)
    requireLineEnd(cursor)
  }
  return { attributes, blocks, place: cursor.place(start) }
}

function unclosed(cursor: Cursor, opened: number): Problem {
  const message = 'the block that this brace opens has no end'
  return new Problem(cursor.place(opened, opened + 1), { code: 'bake-syntax', message, hint: 'close it with }' })
}

function readItem(cursor: Cursor, attributes: Attribute[], blocks: Block[]): void {
  const start = cursor.at
  const name = cursor.identifier()
  if (name === undefined)
    throw cursor.unexpected('a block such as target "name", or an attribute', 'write name = value')
  const namePlace = cursor.place(start)
  cursor.skip(false)
  if (cursor.take('=')) {
    const known = attributes.find((attribute) => attribute.name === name)
    if (known !== undefined) throw twice(name, namePlace, known)
    cursor.skip(false)
    attributes.push({ name, namePlace, value: readExpression(cursor, false) })
    return
  }
  const labels: Label[] = []
  for (;;) {
    cursor.skip(false)
    const label = readLabel(cursor)
    if (label === undefined) break
    labels.push(label)
  }
  const place = cursor.place(start, labels.at(-1)?.place.span.end ?? namePlace.span.end)
  const opened = cursor.at
  if (!cursor.take('{')) {
    throw cursor.unexpected(
      `"=" or "{" after ${labels.length > 0 ? 'the label' : name}`,
      `write ${name} = value, or ${name} "label" { … }`,
    )
  }
  blocks.push({ type: name, labels, body: readBlockBody(cursor, opened), place })
}

function twice(name: string, place: Attribute['namePlace'], first: Attribute): Problem {
  const related = [{ ...first.namePlace, message: 'it is set here first' }]
  return new Problem(place, {
    code: 'bake-syntax',
    message: `"${name}" is set twice in one block`,
    hint: 'remove one',
    related,
  })
}

function readLabel(cursor: Cursor): Label | undefined {
  const start = cursor.at
  const quoted = cursor.match(/"(?:[^"\\\n]|\\.)*"/y)
  if (quoted !== undefined) return { text: quoted.slice(1, -1).replace(/\\(.)/g, '$1'), place: cursor.place(start) }
  const word = cursor.identifier()
  return word === undefined ? undefined : { text: word, place: cursor.place(start) }
}

/** A block of one line holds one attribute at most; else its first item stands on the next line. */
function readBlockBody(cursor: Cursor, opened: number): Body {
  const start = cursor.at
  cursor.skip(false)
  if (cursor.take('}')) return { attributes: [], blocks: [], place: cursor.place(start) }
  if (isLineEnd(cursor)) return readBody(cursor, opened)
  const attributes: Attribute[] = []
  const blocks: Block[] = []
  readItem(cursor, attributes, blocks)
  cursor.skip(false)
  cursor.expect('}', '"}": what begins on the line of its brace ends there, and holds one attribute')
  return { attributes, blocks, place: cursor.place(start) }
}

function isLineEnd(cursor: Cursor): boolean {
  return cursor.isAtEnd || cursor.text[cursor.at] === '\n'
}

function requireLineEnd(cursor: Cursor): void {
  cursor.skip(false)
  if (!isLineEnd(cursor))
    throw cursor.unexpected('the end of the line', 'each attribute and each block stands on lines of its own')
}
