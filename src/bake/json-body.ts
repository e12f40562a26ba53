import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import type { Diagnostic, SourceFile } from '../base/index.ts'
import type { Attribute, Block, Body, Expression, Label } from './hcl-ast.ts'
import { Cursor } from './hcl-cursor.ts'
import { readExpression } from './hcl-expression.ts'
import { readTemplate } from './hcl-template.ts'
import { collecting, type Place, syntaxProblem } from './problem.ts'

/** Which properties of a body are blocks, and how many labels they have; all others are attributes. */
interface BlockTypes {
  readonly [type: string]: { readonly labels: 0 | 1; readonly inner: BlockTypes }
}

const topBlocks: BlockTypes = {
  target: { labels: 1, inner: {} },
  group: { labels: 1, inner: {} },
  function: { labels: 1, inner: {} },
  variable: { labels: 1, inner: { validation: { labels: 0, inner: {} } } },
}

/**
 * Parses a file of HCL's JSON syntax (json/spec.md of HashiCorp's HCL 2): strings are templates. The first error ends it: body is
 * undefined then.
 */
export function parseHclJson(source: SourceFile): {
  readonly body?: Body
  readonly diagnostics: readonly Diagnostic[]
} {
  const diagnostics: Diagnostic[] = []
  const body = collecting(diagnostics, () => {
    const errors: ParseError[] = []
    const tree = parseTree(source.text.replace(/^\ufeff/, ' '), errors, { disallowComments: true })
    const [error] = errors
    if (error !== undefined) throw jsonProblem(source, error)
    if (tree === undefined)
      throw syntaxProblem({ file: source.name, span: { start: 0, end: 0 } }, 'expected a JSON object')
    return readBody(source, tree, topBlocks)
  })
  return { diagnostics, ...(body === undefined ? {} : { body }) }
}

function jsonProblem(source: SourceFile, { error, offset, length }: ParseError): Error {
  const expected: Readonly<Record<string, string>> = {
    PropertyNameExpected: 'expected the name of a property in "quotes"',
    ValueExpected: 'expected a value',
    ColonExpected: 'expected ":" and a value',
    CommaExpected: 'expected ","',
    CloseBraceExpected: 'expected "," or "}"',
    CloseBracketExpected: 'expected "," or "]"',
    EndOfFileExpected: 'expected the end of the file',
    UnexpectedEndOfString: 'the string has no end',
    InvalidSymbol: 'expected a value, or a name in "quotes"',
    InvalidCommentToken: 'JSON has no comments',
    InvalidEscapeCharacter: 'a string has an escape that JSON does not know',
    InvalidCharacter: 'a string has a character that must be escaped',
  }
  const name = printParseErrorCode(error)
  const found = source.text.slice(offset, offset + length)
  const place = { file: source.name, span: { start: offset, end: offset + length } }
  const what = found === '' ? 'the text ends here' : `found ${found.startsWith('"') ? found : `"${found}"`}`
  return syntaxProblem(place, `${expected[name] ?? `this is no JSON (${name})`}, but ${what}`)
}

function placeOf(source: SourceFile, { offset, length }: Node): Place {
  return { file: source.name, span: { start: offset, end: offset + length } }
}

interface Property {
  readonly name: string
  readonly namePlace: Place
  readonly value: Node
}

function properties(source: SourceFile, node: Node): readonly Property[] {
  if (node.type !== 'object') throw syntaxProblem(placeOf(source, node), `expected an object, but this is ${node.type}`)
  return (node.children ?? []).flatMap(({ children }) => {
    const [key, value] = children ?? []
    if (key === undefined || value === undefined) return []
    return [{ name: String(key.value), namePlace: placeOf(source, key), value }]
  })
}

/** An object, or several in an array, which count as one after the other. */
function objects(node: Node): readonly Node[] {
  return node.type === 'array' ? (node.children ?? []) : [node]
}

function readBody(source: SourceFile, node: Node, types: BlockTypes): Body {
  const attributes: Attribute[] = []
  const blocks: Block[] = []
  for (const { name, namePlace, value } of objects(node).flatMap((one) => properties(source, one))) {
    // `"//"` is a comment by the specification.
    if (name === '//') continue
    const type = Object.hasOwn(types, name) ? types[name] : undefined
    if (type === undefined) {
      if (attributes.some((attribute) => attribute.name === name)) {
        throw syntaxProblem(namePlace, `"${name}" is set twice in one object`, 'remove one')
      }
      attributes.push({ name, namePlace, value: readValue(source, value) })
    } else if (type.labels === 0) {
      for (const one of objects(value)) blocks.push(block(source, name, [], namePlace, one, type.inner))
    } else {
      for (const label of objects(value).flatMap((one) => properties(source, one))) {
        const labels = [{ text: label.name, place: label.namePlace }]
        for (const one of objects(label.value)) {
          blocks.push(block(source, name, labels, label.namePlace, one, type.inner))
        }
      }
    }
  }
  return { attributes, blocks, place: placeOf(source, node) }
}

function block(
  source: SourceFile,
  type: string,
  labels: readonly Label[],
  place: Place,
  node: Node,
  inner: BlockTypes,
): Block {
  return { type, labels, body: readBody(source, node, inner), place }
}

function readValue(source: SourceFile, node: Node): Expression {
  const place = placeOf(source, node)
  switch (node.type) {
    case 'string':
      return readString(source, node)
    case 'array':
      return { kind: 'tuple', items: (node.children ?? []).map((item) => readValue(source, item)), place }
    case 'object': {
      const items = (node.children ?? []).flatMap(({ children }) => {
        const [key, value] = children ?? []
        return key === undefined || value === undefined
          ? []
          : [{ key: readValue(source, key), value: readValue(source, value) }]
      })
      return { kind: 'object', items, place }
    }
    case 'number':
      return { kind: 'literal', value: Number(node.value), place }
    case 'boolean':
      return { kind: 'literal', value: node.value === true, place }
    default:
      return { kind: 'literal', value: null, place }
  }
}

/** A string is a template; places inside it are those of the file, also behind escapes. */
function readString(source: SourceFile, node: Node): Expression {
  const text = String(node.value)
  const raw = source.text.slice(node.offset + 1, node.offset + node.length - 1)
  const offsets = rawOffsets(raw)
  const toFile = (at: number): number => node.offset + 1 + (offsets[at] ?? raw.length)
  const cursor = new Cursor({ name: source.name, text }, { from: 0, toFile })
  return { ...readTemplate(cursor, 'raw', (inner) => readExpression(inner, true)), place: placeOf(source, node) }
}

/** Where each character of a string is in its JSON form. */
function rawOffsets(raw: string): readonly number[] {
  const offsets: number[] = []
  for (let at = 0; at < raw.length; ) {
    offsets.push(at)
    at += raw[at] !== '\\' ? 1 : raw[at + 1] === 'u' ? 6 : 2
  }
  return offsets
}
