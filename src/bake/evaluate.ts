import { assertNever } from '../base/index.ts'
import type { Expression, TemplatePart } from './hcl-ast.ts'
import { splatItem } from './hcl-ast.ts'
import { applyOperator, boolOf, numberIn } from './operators.ts'
import { type Place, Problem, wrongType } from './problem.ts'
import { type Argument, blockReference, type Scope, withNames } from './scope.ts'
import { isList, isMap, kindOf, quoted, sortedEntries, textOf, type Value } from './value.ts'

/** The value of an expression, by the rules of HCL 2. Throws `Problem`. */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'template':
      return evaluateTemplate(expression.parts, expression.place, scope)
    case 'variable':
      return scope.variable(expression.name, expression.place)
    case 'tuple':
      return expression.items.map((item) => evaluate(item, scope))
    case 'object':
      return evaluateObject(expression, scope)
    case 'attribute':
      return evaluateAttribute(expression, scope)
    case 'index':
      return elementAt(
        evaluate(expression.object, scope),
        evaluate(expression.index, scope),
        expression.index.place,
        expression.place,
      )
    case 'splat':
      return evaluateSplat(expression, scope)
    case 'call':
      return scope.call({ ...expression, args: callArguments(expression, scope) })
    case 'conditional': {
      const holds = boolOf(evaluate(expression.condition, scope), expression.condition.place, 'a condition')
      return evaluate(holds ? expression.yes : expression.no, scope)
    }
    case 'binary':
      return evaluateBinary(expression, scope)
    case 'unary': {
      const value = evaluate(expression.operand, scope)
      const { place } = expression.operand
      if (expression.operator === '!') return !boolOf(value, place, 'the operand of "!"')
      return -numberIn(value, place, 'the operand of "-"')
    }
    case 'for-list':
      return evaluateForList(expression, scope)
    case 'for-map':
      return evaluateForMap(expression, scope)
    default:
      return assertNever(expression)
  }
}

type Of<Kind extends Expression['kind']> = Extract<Expression, { readonly kind: Kind }>

/** A template of one hole alone is the value of the hole, of whatever kind. */
function evaluateTemplate(parts: readonly TemplatePart[], place: Place, scope: Scope): Value {
  const [only, more] = parts
  if (only?.kind === 'hole' && more === undefined) return evaluate(only.value, scope)
  return templateText(parts, place, scope)
}

function templateText(parts: readonly TemplatePart[], place: Place, scope: Scope): string {
  return parts.map((part) => partText(part, place, scope)).join('')
}

function partText(part: TemplatePart, place: Place, scope: Scope): string {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'hole': {
      const value = evaluate(part.value, scope)
      const text = textOf(value)
      if (text !== undefined) return text
      throw wrongType(
        part.value.place,
        `${kindOf(value)} cannot be put into a string`,
        value === null ? 'give it a value, or test for null first' : 'use join() or jsonencode() to make text of it',
      )
    }
    case 'if': {
      const holds = boolOf(evaluate(part.condition, scope), part.condition.place, 'a condition')
      return templateText(holds ? part.yes : part.no, place, scope)
    }
    case 'for':
      return iterate(part, scope)
        .map((inner) => templateText(part.body, place, inner))
        .join('')
    default:
      return assertNever(part)
  }
}

function evaluateObject({ items }: Of<'object'>, scope: Scope): Value {
  const map = new Map<string, Value>()
  for (const { key, value } of items) map.set(keyText(evaluate(key, scope), key.place), evaluate(value, scope))
  return map
}

function keyText(value: Value, place: Place): string {
  const text = textOf(value)
  if (text === undefined) throw wrongType(place, `the key of a map must be a string, but this is ${kindOf(value)}`)
  return text
}

function evaluateAttribute(expression: Of<'attribute'>, scope: Scope): Value {
  const { object, name, place } = expression
  const block = blockReference(object)
  const found = block && scope.blockAttribute(block.type, block.label, name, place)
  if (found !== undefined) return found
  const value = evaluate(object, scope)
  if (!isMap(value)) throw wrongType(place, `${quoted(value)} is ${kindOf(value)} and has no attribute "${name}"`)
  const item = value.get(name)
  if (item !== undefined) return item
  throw missingKey(place, name, [...value.keys()])
}

function missingKey(place: Place, key: string, known: readonly string[]): Problem {
  const hint = known.length === 0 ? 'the map is empty' : `it has ${known.slice(0, 10).join(', ')}`
  return new Problem(place, { code: 'bake-no-element', message: `the map has no element "${key}"`, hint })
}

/** `collection[index]`. */
export function elementAt(collection: Value, index: Value, indexPlace: Place, place: Place): Value {
  if (isMap(collection)) {
    const key = keyText(index, indexPlace)
    const item = collection.get(key)
    if (item !== undefined) return item
    throw missingKey(indexPlace, key, [...collection.keys()])
  }
  if (!isList(collection)) {
    throw wrongType(place, `${quoted(collection)} is ${kindOf(collection)} and has no elements`)
  }
  const position = numberIn(index, indexPlace, 'the index of a list')
  const item = collection[position]
  if (item !== undefined) return item
  throw new Problem(indexPlace, {
    code: 'bake-no-element',
    message: `the list has no element ${position}: it has ${collection.length}, counted from 0`,
  })
}

function evaluateSplat({ object, each }: Of<'splat'>, scope: Scope): Value {
  const value = evaluate(object, scope)
  if (value === null) return []
  const items = isList(value) ? value : [value]
  return items.map((item) => evaluate(each, withNames(scope, new Map([[splatItem, item]]))))
}

function callArguments({ args, expands }: Of<'call'>, scope: Scope): readonly Argument[] {
  const lazy = args.map((argument): Argument => ({ place: argument.place, value: () => evaluate(argument, scope) }))
  const last = lazy.at(-1)
  if (!expands || last === undefined) return lazy
  const list = last.value()
  if (!isList(list)) throw wrongType(last.place, `what stands before "..." must be a list, but this is ${kindOf(list)}`)
  return [...lazy.slice(0, -1), ...list.map((item) => ({ place: last.place, value: () => item }))]
}

/** The right side of `&&` and `||` is not looked at when the left one decides. */
function evaluateBinary({ operator, left, right }: Of<'binary'>, scope: Scope): Value {
  const value = evaluate(left, scope)
  if (operator === '&&' || operator === '||') {
    const holds = boolOf(value, left.place, `the left side of "${operator}"`)
    if (holds === (operator === '||')) return holds
    return boolOf(evaluate(right, scope), right.place, `the right side of "${operator}"`)
  }
  return applyOperator(operator, { value, place: left.place }, { value: evaluate(right, scope), place: right.place })
}

interface Iteration {
  readonly key?: string
  readonly item: string
  readonly collection: Expression
}

/** A scope for each item: positions and items of a list, keys (in order) and values of a map. */
function iterate({ key, item, collection }: Iteration, scope: Scope): readonly Scope[] {
  const value = evaluate(collection, scope)
  const entries: readonly (readonly [Value, Value])[] | undefined = isList(value)
    ? value.map((each, position) => [position, each] as const)
    : isMap(value)
      ? sortedEntries(value)
      : undefined
  if (entries === undefined) {
    throw wrongType(collection.place, `for goes over a list or a map, but this is ${kindOf(value)}`)
  }
  return entries.map(([position, each]) =>
    withNames(scope, new Map<string, Value>([...(key === undefined ? [] : [[key, position] as const]), [item, each]])),
  )
}

function passing(expression: Of<'for-list'> | Of<'for-map'>, scope: Scope): readonly Scope[] {
  const { condition } = expression
  const all = iterate(expression, scope)
  if (condition === undefined) return all
  return all.filter((inner) => boolOf(evaluate(condition, inner), condition.place, 'the condition of for'))
}

function evaluateForList(expression: Of<'for-list'>, scope: Scope): Value {
  return passing(expression, scope).map((inner) => evaluate(expression.value, inner))
}

function evaluateForMap(expression: Of<'for-map'>, scope: Scope): Value {
  const { keyValue, value, groups } = expression
  const single = new Map<string, Value>()
  const grouped = new Map<string, Value[]>()
  for (const inner of passing(expression, scope)) {
    const key = keyText(evaluate(keyValue, inner), keyValue.place)
    const item = evaluate(value, inner)
    if (groups) grouped.set(key, [...(grouped.get(key) ?? []), item])
    else if (single.has(key)) {
      throw new Problem(keyValue.place, {
        code: 'bake-wrong-type',
        message: `two items have the key "${key}"`,
        hint: 'collect them in lists with ... behind the value',
      })
    } else single.set(key, item)
  }
  return groups ? grouped : single
}
