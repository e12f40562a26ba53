import type { Expression, ObjectItem, Operator } from './hcl-ast.ts'
import { splatItem } from './hcl-ast.ts'
import type { Cursor } from './hcl-cursor.ts'
import { opensHeredoc, readHeredoc } from './hcl-heredoc.ts'
import { readForNames, readTemplate } from './hcl-template.ts'
import { type Place, placeBetween } from './problem.ts'

/** Operators by how tightly they bind, the loosest first. */
const levels: readonly (readonly Operator[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
]

/** Reads an expression. With `lines`, as inside brackets, line ends are blanks; else one ends it. */
export function readExpression(cursor: Cursor, lines: boolean): Expression {
  const condition = readBinary(cursor, lines, 0)
  cursor.skip(lines)
  if (!cursor.take('?')) return condition
  const yes = readExpression(cursor, lines)
  cursor.skip(lines)
  cursor.expect(':', '":" and what holds when the condition does not')
  const no = readExpression(cursor, lines)
  return { kind: 'conditional', condition, yes, no, place: placeBetween(condition.place, no.place) }
}

function readBinary(cursor: Cursor, lines: boolean, level: number): Expression {
  const operators = levels[level]
  if (operators === undefined) return readUnary(cursor, lines)
  let left = readBinary(cursor, lines, level + 1)
  for (;;) {
    cursor.skip(lines)
    const operator = operators.find((one) => cursor.take(one))
    if (operator === undefined) return left
    const right = readBinary(cursor, lines, level + 1)
    left = { kind: 'binary', operator, left, right, place: placeBetween(left.place, right.place) }
  }
}

function readUnary(cursor: Cursor, lines: boolean): Expression {
  cursor.skip(lines)
  const start = cursor.at
  const operator = (['-', '!'] as const).find((one) => cursor.take(one))
  if (operator === undefined) return readPostfix(cursor, lines)
  const operand = readUnary(cursor, lines)
  return { kind: 'unary', operator, operand, place: placeBetween(cursor.place(start), operand.place) }
}

function readPostfix(cursor: Cursor, lines: boolean): Expression {
  const start = cursor.at
  let object = readTerm(cursor)
  for (;;) {
    cursor.skip(lines)
    const next = readAccess(cursor, object, lines, start)
    if (next === undefined) return object
    object = next
  }
}

/** One `.name`, `.0`, `[index]`, `.*` or `[*]`, with all that follows a splat. */
function readAccess(cursor: Cursor, object: Expression, lines: boolean, start: number): Expression | undefined {
  if (cursor.take('.')) {
    cursor.skip(lines)
    if (cursor.take('*')) return readSplat(cursor, object, lines, start, 'attributes')
    const position = cursor.match(/\d+/y)
    if (position !== undefined) {
      const place = cursor.place(start)
      return { kind: 'index', object, index: { kind: 'literal', value: Number(position), place }, place }
    }
    const name = cursor.identifier()
    if (name === undefined) throw cursor.unexpected('the name of an attribute')
    return { kind: 'attribute', object, name, place: cursor.place(start) }
  }
  if (!cursor.take('[')) return undefined
  cursor.skip(true)
  const { at } = cursor
  if (cursor.take('*')) {
    cursor.skip(true)
    if (cursor.take(']')) return readSplat(cursor, object, lines, start, 'all')
    cursor.at = at
  }
  const index = readExpression(cursor, true)
  cursor.skip(true)
  cursor.expect(']', '"]" behind the index')
  return { kind: 'index', object, index, place: cursor.place(start) }
}

function readSplat(
  cursor: Cursor,
  object: Expression,
  lines: boolean,
  start: number,
  form: 'attributes' | 'all',
): Expression {
  let each: Expression = { kind: 'variable', name: splatItem, place: cursor.place(start) }
  for (;;) {
    cursor.skip(lines)
    const next = cursor.peek()
    if (next !== '.' && (form === 'attributes' || next !== '[')) break
    each = readAccess(cursor, each, lines, start) ?? each
  }
  return { kind: 'splat', object, each, place: cursor.place(start) }
}

function readTerm(cursor: Cursor): Expression {
  const start = cursor.at
  if (opensHeredoc(cursor)) return readHeredoc(cursor, inside)
  const digits = cursor.number()
  if (digits !== undefined) return { kind: 'literal', value: Number(digits), place: cursor.place(start) }
  const word = cursor.identifier()
  if (word !== undefined) return readWord(cursor, word, cursor.place(start))
  if (cursor.take('"')) return readTemplate(cursor, 'quoted', inside)
  if (cursor.take('(')) {
    const value = inside(cursor)
    cursor.skip(true)
    cursor.expect(')', '")"')
    return { ...value, place: cursor.place(start) }
  }
  if (cursor.take('[')) return readTuple(cursor, start)
  if (cursor.take('{')) return readObject(cursor, start)
  throw cursor.unexpected('a value', 'a string stands in "quotes", a list in [brackets], a map in {braces}')
}

function inside(cursor: Cursor): Expression {
  return readExpression(cursor, true)
}

function readWord(cursor: Cursor, word: string, place: Place): Expression {
  if (word === 'null') return { kind: 'literal', value: null, place }
  if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true', place }
  if (cursor.text[cursor.at] !== '(') return { kind: 'variable', name: word, place }
  cursor.at++
  const args: Expression[] = []
  let expands = false
  for (;;) {
    cursor.skip(true)
    if (cursor.take(')')) break
    if (expands) throw cursor.unexpected('")"', 'nothing can follow an argument with ...')
    args.push(inside(cursor))
    cursor.skip(true)
    expands = cursor.take('...')
    cursor.skip(true)
    if (cursor.take(')')) break
    cursor.expect(',', '"," or ")"')
  }
  return {
    kind: 'call',
    name: word,
    namePlace: place,
    args,
    expands,
    place: placeBetween(place, cursor.place(cursor.at)),
  }
}

function readTuple(cursor: Cursor, start: number): Expression {
  cursor.skip(true)
  if (cursor.peekIdentifier() === 'for') return readForList(cursor, start)
  const items: Expression[] = []
  for (;;) {
    cursor.skip(true)
    if (cursor.take(']')) break
    items.push(inside(cursor))
    cursor.skip(true)
    if (cursor.take(']')) break
    cursor.expect(',', '"," or "]"')
  }
  return { kind: 'tuple', items, place: cursor.place(start) }
}

function readForList(cursor: Cursor, start: number): Expression {
  const head = readForHead(cursor)
  const value = inside(cursor)
  const condition = readForCondition(cursor)
  cursor.expect(']', '"]"')
  return { kind: 'for-list', ...head, value, ...condition, place: cursor.place(start) }
}

/** `for k, v in collection :` */
function readForHead(cursor: Cursor) {
  cursor.identifier()
  const names = readForNames(cursor)
  const collection = inside(cursor)
  cursor.skip(true)
  cursor.expect(':', '":" and what to make of each item')
  return { ...names, collection }
}

function readForCondition(cursor: Cursor): { readonly condition?: Expression } {
  cursor.skip(true)
  if (cursor.peekIdentifier() !== 'if') return {}
  cursor.identifier()
  const condition = inside(cursor)
  cursor.skip(true)
  return { condition }
}

/** Items are separated by commas or line ends. */
function readObject(cursor: Cursor, start: number): Expression {
  cursor.skip(true)
  if (cursor.peekIdentifier() === 'for' && isForHead(cursor)) return readForMap(cursor, start)
  const items: ObjectItem[] = []
  for (;;) {
    cursor.skip(true)
    if (cursor.take('}')) break
    const key = readKey(cursor)
    cursor.skip(false)
    if (!cursor.take('=') && !cursor.take(':'))
      throw cursor.unexpected('"=" and a value', 'a map is written { key = value }')
    cursor.skip(true)
    const value = readExpression(cursor, false)
    items.push({ key, value })
    cursor.skip(false)
    const hasComma = cursor.take(',')
    const before = cursor.at
    cursor.skip(true)
    if (cursor.take('}')) break
    if (!hasComma && !cursor.text.slice(before, cursor.at).includes('\n')) throw cursor.unexpected('"," or "}"')
  }
  return { kind: 'object', items, place: cursor.place(start) }
}

/** A key named `for` is one when `=` or `:` follows. */
function isForHead(cursor: Cursor): boolean {
  const { at } = cursor
  cursor.identifier()
  cursor.skip(true)
  const next = cursor.peek()
  cursor.at = at
  return next !== '=' && next !== ':'
}

/** A bare word is its own text; other keys are computed. */
function readKey(cursor: Cursor): Expression {
  const start = cursor.at
  const word = cursor.identifier()
  if (word !== undefined) {
    const place = cursor.place(start)
    cursor.skip(false)
    const next = cursor.peek()
    if (next === '=' || next === ':') return { kind: 'literal', value: word, place }
  }
  cursor.at = start
  return readExpression(cursor, false)
}

function readForMap(cursor: Cursor, start: number): Expression {
  const head = readForHead(cursor)
  const keyValue = inside(cursor)
  cursor.skip(true)
  cursor.expect('=>', '"=>" between key and value')
  const value = inside(cursor)
  cursor.skip(true)
  const groups = cursor.take('...')
  const condition = readForCondition(cursor)
  cursor.expect('}', '"}"')
  return { kind: 'for-map', ...head, keyValue, value, groups, ...condition, place: cursor.place(start) }
}
