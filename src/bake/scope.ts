import type { Expression } from './hcl-ast.ts'
import type { Place } from './problem.ts'
import type { Value } from './value.ts'

/** What names mean where an expression stands. */
export interface Scope {
  /** The value of a name; throws `Problem` when there is none. */
  variable(name: string, place: Place): Value
  /** An attribute of another block, for `target.NAME.ATTRIBUTE`; undefined when `type` is no kind of block. */
  blockAttribute(type: string, label: string, attribute: string, place: Place): Value | undefined
  /** Calls a function; throws `Problem`. */
  call(request: CallRequest): Value
}

export interface CallRequest {
  readonly name: string
  readonly namePlace: Place
  readonly place: Place
  readonly args: readonly Argument[]
}

/** An argument, evaluated when the function looks at it: `try` and `can` live on that. */
export interface Argument {
  readonly place: Place
  value(): Value
}

/** A scope with some names more. */
export function withNames(outer: Scope, names: ReadonlyMap<string, Value>): Scope {
  return {
    variable: (name, place) => names.get(name) ?? (names.has(name) ? null : outer.variable(name, place)),
    blockAttribute: (type, label, attribute, place) =>
      names.has(type) ? undefined : outer.blockAttribute(type, label, attribute, place),
    call: (request) => outer.call(request),
  }
}

/** `type` and `label` of `type.label` or `type["label"]`, if the expression has that form. */
export function blockReference(expression: Expression): { readonly type: string; readonly label: string } | undefined {
  if (expression.kind === 'attribute' && expression.object.kind === 'variable') {
    return { type: expression.object.name, label: expression.name }
  }
  if (expression.kind !== 'index' || expression.object.kind !== 'variable') return undefined
  const { index } = expression
  const [part, more] = index.kind === 'template' ? index.parts : []
  return part?.kind === 'text' && more === undefined ? { type: expression.object.name, label: part.text } : undefined
}
