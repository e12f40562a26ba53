import { assertNever } from '../base/index.ts'
import type { Expression } from './hcl-ast.ts'
import { Cursor } from './hcl-cursor.ts'
import { readExpression } from './hcl-expression.ts'
import { described } from './operators.ts'
import { type Place, Problem, wrongType } from './problem.ts'
import { isList, isMap, kindOf, numberOf, textOf, type Value } from './value.ts'

/** A type as variables declare it: `string`, `list(number)`, `object({ a = string })`. */
export type ValueType =
  | { readonly kind: 'any' }
  | { readonly kind: 'string' | 'number' | 'bool' }
  | { readonly kind: 'list' | 'set' | 'map'; readonly item: ValueType }
  | { readonly kind: 'tuple'; readonly items: readonly ValueType[] }
  | { readonly kind: 'object'; readonly attributes: ReadonlyMap<string, ObjectAttribute> }

interface ObjectAttribute {
  readonly type: ValueType
  /** May be missing; it is `fallback` then. */
  readonly isOptional: boolean
  readonly fallback: Value
}

const forms = 'string, number, bool, any, list(…), set(…), map(…), tuple([…]) and object({ … })'

/** Reads a type expression; `fallback` evaluates the default of an `optional(type, default)`. Throws `Problem`. */
export function readType(expression: Expression, fallback: (value: Expression) => Value): ValueType {
  const { place } = expression
  const [text, more] = expression.kind === 'template' ? expression.parts : []
  if (text?.kind === 'text' && more === undefined) {
    // JSON has it in a string.
    const inside = new Cursor({ name: place.file, text: text.text }, { toFile: (at) => place.span.start + 1 + at })
    return readType(readExpression(inside, true), fallback)
  }
  if (expression.kind === 'variable') {
    const { name } = expression
    if (name === 'any') return { kind: name }
    if (name === 'string' || name === 'number' || name === 'bool') return { kind: name }
  }
  if (expression.kind === 'call') {
    const { name, args } = expression
    const [arg, more] = args
    if (arg !== undefined && more === undefined) {
      if (name === 'list' || name === 'set' || name === 'map') return { kind: name, item: readType(arg, fallback) }
      if (name === 'tuple' && arg.kind === 'tuple') {
        return { kind: 'tuple', items: arg.items.map((item) => readType(item, fallback)) }
      }
      if (name === 'object' && arg.kind === 'object') {
        const attributes = arg.items.map(({ key, value }) => {
          const attribute = key.kind === 'literal' ? String(key.value) : ''
          return [attribute, readAttribute(value, fallback)] as const
        })
        return { kind: 'object', attributes: new Map(attributes) }
      }
    }
  }
  throw new Problem(place, { code: 'bake-wrong-type', message: 'this is no type', hint: `there are ${forms}` })
}

function readAttribute(expression: Expression, fallback: (value: Expression) => Value): ObjectAttribute {
  const isOptional = expression.kind === 'call' && expression.name === 'optional'
  const [type, value] = isOptional ? expression.args : [expression]
  if (type === undefined) throw wrongType(expression.place, 'optional needs a type')
  return { type: readType(type, fallback), isOptional, fallback: value === undefined ? null : fallback(value) }
}

/** The type as it is written. */
export function typeText(type: ValueType): string {
  switch (type.kind) {
    case 'list':
    case 'set':
    case 'map':
      return `${type.kind}(${typeText(type.item)})`
    case 'tuple':
      return `tuple([${type.items.map(typeText).join(', ')}])`
    case 'object':
      return `object({${[...type.attributes].map(([name, { type: own }]) => `${name}=${typeText(own)}`).join(', ')}})`
    default:
      return type.kind
  }
}

/** A value in a type, converted where HCL converts (number to string and back, list to set); null is of every type. Throws `Problem`. */
export function convertValue(value: Value, type: ValueType, place: Place, what: string): Value {
  const failed = (): Problem =>
    wrongType(place, `${what} must be ${articleText(type)}, but this is ${described(value)}`)
  if (value === null) return value
  switch (type.kind) {
    case 'any':
      return value
    case 'string':
    case 'number':
    case 'bool': {
      const converted = convertPrimitive(value, type.kind)
      if (converted === undefined) throw failed()
      return converted
    }
    case 'list':
    case 'set':
      if (!isList(value)) throw failed()
      return value.map((item, at) => convertValue(item, type.item, place, `item ${at} of ${what}`))
    case 'tuple':
      if (!isList(value) || value.length !== type.items.length) throw failed()
      return value.map((item, at) =>
        convertValue(item, type.items[at] ?? { kind: 'any' }, place, `item ${at} of ${what}`),
      )
    case 'map':
      if (!isMap(value)) throw failed()
      return new Map(
        [...value].map(([key, item]) => [key, convertValue(item, type.item, place, `"${key}" of ${what}`)] as const),
      )
    case 'object':
      if (!isMap(value)) throw failed()
      return new Map(
        [...type.attributes].map(([name, attribute]) => {
          const item = value.get(name)
          if (item === undefined && !attribute.isOptional)
            throw wrongType(place, `${what} lacks the attribute "${name}"`)
          return [
            name,
            convertValue(item ?? attribute.fallback, attribute.type, place, `"${name}" of ${what}`),
          ] as const
        }),
      )
    default:
      return assertNever(type)
  }
}

function articleText(type: ValueType): string {
  const text = typeText(type)
  return `${/^[aeiou]/.test(text) ? 'an' : 'a'} ${text}`
}

function convertPrimitive(value: Value, kind: 'string' | 'number' | 'bool'): Value | undefined {
  if (kind === 'string') return textOf(value)
  if (kind === 'number')
    return typeof value === 'number' ? value : typeof value === 'string' ? numberOf(value) : undefined
  if (typeof value === 'boolean') return value
  return value === 'true' || value === 'false' ? value === 'true' : undefined
}

/** The type that a value without a declared one has in listings. */
export function typeOfValue(value: Value): string {
  if (value === null) return ''
  return kindOf(value).replace(/^a /, '')
}
