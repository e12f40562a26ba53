import type { Operator } from './hcl-ast.ts'
import { type Place, wrongType } from './problem.ts'
import { kindOf, numberOf, quoted, sameValue, type Value } from './value.ts'

interface Operand {
  readonly value: Value
  readonly place: Place
}

/** Operators whose both sides are looked at. */
export function applyOperator(operator: Exclude<Operator, '&&' | '||'>, left: Operand, right: Operand): Value {
  if (operator === '==') return sameValue(left.value, right.value)
  if (operator === '!=') return !sameValue(left.value, right.value)
  const a = numberIn(left.value, left.place, `the left side of "${operator}"`)
  const b = numberIn(right.value, right.place, `the right side of "${operator}"`)
  switch (operator) {
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    default:
      return divide(operator, a, b, right.place)
  }
}

/** Throws `Problem` for a divisor of 0. The remainder has the sign of what is divided. */
export function divide(operator: '/' | '%', a: number, b: number, place: Place): number {
  if (b === 0) throw wrongType(place, 'nothing can be divided by 0')
  return operator === '/' ? a / b : a % b
}

/** A bool, or the string "true" or "false". `what` names the value in the message. */
export function boolOf(value: Value, place: Place, what: string): boolean {
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === 'false') return value === 'true'
  throw wrongType(place, `${what} must be a bool, but this is ${described(value)}`, 'write true, false or a comparison')
}

/** A number, or a string that means one. */
export function numberIn(value: Value, place: Place, what: string): number {
  const number = typeof value === 'number' ? value : typeof value === 'string' ? numberOf(value) : undefined
  if (number !== undefined) return number
  const hint = typeof value === 'string' ? 'strings are put together in a template: "${a}${b}"' : undefined
  throw wrongType(place, `${what} must be a number, but this is ${described(value)}`, hint)
}

/** `null`, or the kind and the value. */
export function described(value: Value): string {
  return value === null ? 'null' : `${kindOf(value)}, ${quoted(value)}`
}
