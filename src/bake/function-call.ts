import { boolOf, described, numberIn } from './operators.ts'
import { type Place, Problem, wrongType } from './problem.ts'
import type { Argument } from './scope.ts'
import { isList, isMap, textOf, type Value, type ValueList, type ValueMap } from './value.ts'

/** What the outside tells functions; they look at nothing themselves. */
export interface BakeFacts {
  /** Milliseconds since 1970, for `timestamp`. */
  readonly nowMs: number
  /** For `homedir`. */
  readonly homeDirectory: string
  /** A new random UUID, for `uuidv4`. */
  readonly randomUuid: () => string
}

/** A function of the language. */
export interface BakeFunction {
  /** As messages show it: `replace(string, search, replacement)`; `[x]` may be left out, `x...` is any number. */
  readonly signature: string
  /** Null may be given; else it is refused. */
  readonly takesNull: boolean
  readonly run: (call: FunctionCall) => Value
}

/** A function by its signature. */
export function define(
  signature: string,
  run: BakeFunction['run'],
  takesNull = false,
): readonly [string, BakeFunction] {
  return [signature.slice(0, signature.indexOf('(')), { signature, takesNull, run }]
}

/** A call under way: arguments by position, checked for the kind that is asked for. Each method throws `Problem`. */
export class FunctionCall {
  readonly name: string
  readonly place: Place
  readonly facts: BakeFacts
  readonly args: readonly Argument[]
  readonly #takesNull: boolean

  constructor(name: string, place: Place, args: readonly Argument[], facts: BakeFacts, takesNull: boolean) {
    this.name = name
    this.place = place
    this.args = args
    this.facts = facts
    this.#takesNull = takesNull
  }

  get count(): number {
    return this.args.length
  }

  value(at: number): Value {
    const value = this.args[at]?.value() ?? null
    if (value === null && !this.#takesNull) throw this.wrong(at, 'a value', value)
    return value
  }

  /** All arguments from `from` on. */
  values(from = 0): readonly Value[] {
    return this.args.slice(from).map((_, index) => this.value(from + index))
  }

  text(at: number): string {
    const value = this.value(at)
    const text = textOf(value)
    if (text === undefined) throw this.wrong(at, 'a string', value)
    return text
  }

  number(at: number): number {
    return numberIn(this.value(at), this.at(at), this.#argument(at))
  }

  whole(at: number): number {
    const number = this.number(at)
    if (!Number.isInteger(number)) throw this.wrong(at, 'a whole number', number)
    return number
  }

  bool(at: number): boolean {
    return boolOf(this.value(at), this.at(at), this.#argument(at))
  }

  list(at: number): ValueList {
    const value = this.value(at)
    if (!isList(value)) throw this.wrong(at, 'a list', value)
    return value
  }

  map(at: number): ValueMap {
    const value = this.value(at)
    if (!isMap(value)) throw this.wrong(at, 'a map', value)
    return value
  }

  texts(at: number): readonly string[] {
    return this.list(at).map((item) => {
      const text = textOf(item)
      if (text === undefined) throw this.wrong(at, 'a list of strings', item)
      return text
    })
  }

  at(at: number): Place {
    return this.args[at]?.place ?? this.place
  }

  /** An argument of another kind than the function takes. */
  wrong(at: number, wanted: string, value: Value): Problem {
    return wrongType(this.at(at), `${this.#argument(at)} must be ${wanted}, but this is ${described(value)}`)
  }

  /** The function cannot do what it was asked for. */
  failed(message: string, at = 0): Problem {
    return new Problem(this.at(at), { code: 'bake-wrong-type', message: `${this.name}: ${message}` })
  }

  #argument(at: number): string {
    return this.args.length === 1 ? `the argument of ${this.name}` : `argument ${at + 1} of ${this.name}`
  }
}

/** How many arguments a signature takes: at least and at most. */
export function arity(signature: string): { readonly least: number; readonly most: number } {
  const names = signature
    .slice(signature.indexOf('(') + 1, -1)
    .split(', ')
    .filter((name) => name !== '')
  const least = names.filter((name) => !name.startsWith('[') && !name.endsWith('...')).length
  return { least, most: names.some((name) => name.endsWith('...')) ? Number.POSITIVE_INFINITY : names.length }
}
