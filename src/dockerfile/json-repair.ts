import type { Piece } from '../../grammar/parse-arguments.ts'
import type { Fix } from '../base/index.ts'
import type { InstructionText } from './instruction-text.ts'

/** An element of a JSON array that is no string. */
export interface OtherElement {
  readonly element: Piece
  /** Puts every number and boolean of the array in quotes; undefined when it holds more than such. */
  readonly fix: Fix | undefined
}

const elements = /"(?:\\.|[^"\\])*"|[^\s,[\]{}"]+|[[\]{},]/gs

/** Finds the first element of a JSON array, given as its text, that is no string. */
export function firstOtherElement(at: InstructionText, array: Piece): OtherElement | undefined {
  const inner = array.text.slice(1, -1)
  const found = [...inner.matchAll(elements)].filter(([text]) => text !== ',')
  const others = found.filter(([text]) => !text.startsWith('"'))
  const [first] = others
  if (first === undefined) return undefined
  const piece = ({ 0: text, index }: RegExpExecArray): Piece => {
    const start = array.start + 1 + index
    return { text, start, end: start + text.length }
  }
  const scalars = others.every(([text]) => /^(?:-?\d[\d.]*|true|false)$/.test(text))
  const edits = others.map((match) => ({ span: at.span(piece(match)), text: `"${match[0]}"` }))
  const fix = scalars ? { title: 'put it in double quotes', edits } : undefined
  return { element: piece(first), fix }
}

/**
 * The JSON array of strings that a text means: a list in single quotes or with a comma too many at its end, or plain
 * words. Undefined when it may mean anything else.
 */
export function intendedArray(text: string): string | undefined {
  if (!text.startsWith('[')) {
    const words = /^[\w./:=@%+-]+(?: +[\w./:=@%+-]+)*$/.test(text)
    return words ? arrayOf(text.split(/ +/)) : undefined
  }
  const item = `(?:'[^'"\\\\]*'|"[^"\\\\]*"|“[^”\\\\]*”)`
  if (!new RegExp(`^\\[\\s*${item}(?:\\s*,\\s*${item})*\\s*,?\\s*\\]?$`).test(text)) return undefined
  return arrayOf([...text.matchAll(new RegExp(item, 'g'))].map(([quoted]) => quoted.slice(1, -1)))
}

function arrayOf(items: readonly string[]): string {
  return `[${items.map((item) => JSON.stringify(item)).join(', ')}]`
}
