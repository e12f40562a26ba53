import type { Diagnostic } from '../base/index.ts'
import { csvRows } from './encoding-functions.ts'
import { evaluate } from './evaluate.ts'
import type { Attribute, Block } from './hcl-ast.ts'
import { boolOf, described } from './operators.ts'
import { collecting, type Place, Problem } from './problem.ts'
import type { Scope } from './scope.ts'
import { isList, isMap, numberOf, textOf, type Value, valueOfJson } from './value.ts'
import { convertValue, readType, typeOfValue, typeText, type ValueType } from './value-type.ts'

/** A variable as `--list variables` shows it. */
export interface BakeVariable {
  readonly name: string
  readonly type: string
  readonly value: Value
  readonly description: string
}

/** Where values come from that are not in files: `--var`, then the environment. */
export type Override = (name: string) => { readonly value: string; readonly from: string } | undefined

const known = ['default', 'type', 'description', 'sensitive']

/** A `variable` block. Throws `Problem` for an attribute that it cannot have. */
export class Variable {
  readonly name: string
  readonly place: Place
  readonly #attributes: ReadonlyMap<string, Attribute>
  readonly #validations: readonly Block[]
  readonly #scope: Scope

  constructor(block: Block, scope: Scope) {
    const [label] = block.labels
    this.name = label?.text ?? ''
    this.place = block.place
    this.#scope = scope
    for (const { name, namePlace } of block.body.attributes) {
      if (known.includes(name)) continue
      throw new Problem(namePlace, {
        code: 'bake-unknown-name',
        message: `a variable has no attribute "${name}"`,
        hint: `it has ${known.join(', ')}, and validation blocks`,
      })
    }
    this.#attributes = new Map(block.body.attributes.map((attribute) => [attribute.name, attribute]))
    this.#validations = block.body.blocks.filter(({ type }) => type === 'validation')
    const other = block.body.blocks.find(({ type }) => type !== 'validation')
    if (other === undefined) return
    throw new Problem(other.place, {
      code: 'bake-unknown-name',
      message: `a variable has no block "${other.type}"`,
      hint: 'it has validation blocks',
    })
  }

  get type(): ValueType | undefined {
    const type = this.#attributes.get('type')?.value
    return type && readType(type, (value) => evaluate(value, this.#scope))
  }

  get description(): string {
    const attribute = this.#attributes.get('description')
    return (attribute && textOf(evaluate(attribute.value, this.#scope))) ?? ''
  }

  /** `assigned` is the value of an attribute of its name at the top of a file, which comes before the default. */
  value(assigned: Attribute | undefined, override: Override): Value {
    const { type } = this
    const written = assigned ?? this.#attributes.get('default')
    const given = override(this.name) ?? override(`${this.name}_JSON`)
    if (given !== undefined) {
      const isJson = override(this.name) === undefined
      if (type !== undefined || isJson) return this.#typed(given, type ?? { kind: 'any' }, isJson)
      return this.#untyped(given, written === undefined ? '' : evaluate(written.value, this.#scope))
    }
    if (written === undefined) return type === undefined ? '' : null
    const value = evaluate(written.value, this.#scope)
    return type === undefined ? value : convertValue(value, type, written.value.place, `the variable ${this.name}`)
  }

  /** A value from outside, in the declared type: JSON, or text, with commas where it is a list of such. */
  #typed({ value, from }: { readonly value: string; readonly from: string }, type: ValueType, isJson: boolean): Value {
    const what = `the value of ${this.name} from ${from}`
    if (isJson) {
      try {
        return convertValue(valueOfJson(JSON.parse(value)), type, this.place, what)
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error
        throw this.#refused(`${what} is no JSON: ${error.message}`)
      }
    }
    if (type.kind === 'list' || type.kind === 'set' || type.kind === 'tuple') {
      return convertValue(csvRows(value)?.[0] ?? [], type, this.place, what)
    }
    if (type.kind === 'map' || type.kind === 'object') {
      throw this.#refused(`${what} cannot be ${typeText(type)} as it is`, `give ${this.name}_JSON, with JSON`)
    }
    return type.kind === 'bool' ? this.#bool(value, from) : convertValue(value, type, this.place, what)
  }

  /** A value from outside takes the type of the default. */
  #untyped({ value, from }: { readonly value: string; readonly from: string }, fallback: Value): Value {
    if (typeof fallback === 'boolean') return this.#bool(value, from)
    if (typeof fallback === 'number') {
      const number = numberOf(value)
      if (number !== undefined) return number
      throw this.#refused(`the value of ${this.name} from ${from} must be a number, but this is ${described(value)}`)
    }
    if (!isList(fallback) && !isMap(fallback)) return value
    throw this.#refused(
      `${from} gives a string for ${this.name}, which is ${isList(fallback) ? 'a list' : 'a map'}`,
      `declare its type, e.g. type = ${isList(fallback) ? 'list(string)' : 'map(string)'}, or give ${this.name}_JSON, with JSON`,
    )
  }

  /** As Go's `strconv.ParseBool`. */
  #bool(text: string, from: string): boolean {
    if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true
    if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false
    throw this.#refused(`the value of ${this.name} from ${from} must be a bool, but this is ${described(text)}`)
  }

  #refused(message: string, hint?: string): Problem {
    return new Problem(this.place, { code: 'bake-invalid-variable', message, ...(hint === undefined ? {} : { hint }) })
  }

  /** Checks the value against the `validation` blocks. */
  validate(diagnostics: Diagnostic[]): void {
    for (const { body, place } of this.#validations) {
      collecting(diagnostics, () => {
        const condition = body.attributes.find(({ name }) => name === 'condition')
        const text = body.attributes.find(({ name }) => name === 'error_message')
        if (condition === undefined) {
          throw new Problem(place, {
            code: 'bake-syntax',
            message: 'a validation needs a condition',
            hint: 'condition = …',
          })
        }
        const result = evaluate(condition.value, this.#scope)
        if (boolOf(result, condition.value.place, 'a condition')) return
        const message = text && textOf(evaluate(text.value, this.#scope))
        const value = described(this.#scope.variable(this.name, this.place))
        const related = [{ ...this.place, message: `${this.name} is ${value}` }]
        throw new Problem(condition.value.place, {
          code: 'bake-invalid-variable',
          message: `the variable ${this.name} is not valid: ${message ?? 'its condition does not hold'}`,
          related,
        })
      })
    }
  }

  list(): BakeVariable {
    const value = this.#scope.variable(this.name, this.place)
    const { type, description } = this
    return { name: this.name, type: type === undefined ? typeOfValue(value) : typeText(type), value, description }
  }
}
