import { type Diagnostic, nearest } from '../base/index.ts'
import { evaluate } from './evaluate.ts'
import type { BakeFacts } from './function-call.ts'
import { callStandard, countText } from './functions.ts'
import type { Attribute, Block, Body, Expression } from './hcl-ast.ts'
import { collecting, type Place, Problem } from './problem.ts'
import { type CallRequest, type Scope, withNames } from './scope.ts'
import { isList, textOf, type Value } from './value.ts'
import { type Override, Variable } from './variables.ts'

const blockTypes = ['target', 'group', 'variable', 'function']

/** A function that a file defines. */
interface OwnFunction {
  readonly name: string
  readonly params: readonly string[]
  /** Takes all further arguments as a list. */
  readonly rest: string | undefined
  readonly result: Expression
}

/**
 * What all HCL and JSON files say together: names that expressions may use, and the blocks. Values are computed when they are asked
 * for, each once; a value that needs itself is a problem.
 */
export class BakeModule implements Scope {
  readonly #variables = new Map<string, Variable>()
  readonly #attributes = new Map<string, Attribute>()
  readonly #functions = new Map<string, OwnFunction>()
  readonly #blocks: Block[] = []
  readonly #values = new Map<string, Value>()
  readonly #open: string[] = []
  readonly #override: Override
  readonly #builtins: ReadonlyMap<string, string>
  readonly #facts: BakeFacts

  constructor(override: Override, builtins: ReadonlyMap<string, string>, facts: BakeFacts) {
    this.#override = override
    this.#builtins = builtins
    this.#facts = facts
  }

  /** Adds a file; what it says of a variable or attribute comes before what earlier ones do. */
  add(body: Body, diagnostics: Diagnostic[]): void {
    for (const attribute of body.attributes) this.#attributes.set(attribute.name, attribute)
    for (const block of body.blocks) collecting(diagnostics, () => this.#addBlock(block))
  }

  #addBlock(block: Block): void {
    const { type, labels, place } = block
    if (!blockTypes.includes(type)) {
      const near = nearest(type, blockTypes)
      throw new Problem(place, {
        code: 'bake-unknown-name',
        message: `there is no block "${type}"`,
        hint: near === undefined ? `there are ${blockTypes.join(', ')}` : `did you mean ${near}?`,
      })
    }
    const [label, more] = labels
    if (label === undefined || more !== undefined) {
      const message = label === undefined ? `a ${type} needs a name` : `a ${type} has one name`
      throw new Problem(more?.place ?? place, { code: 'bake-syntax', message, hint: `write ${type} "name" { … }` })
    }
    if (type === 'variable') this.#variables.set(label.text, new Variable(block, this))
    else if (type === 'function') this.#addFunction(block, label.text)
    else this.#blocks.push(block)
  }

  #addFunction({ body, place }: Block, name: string): void {
    if (this.#functions.has(name)) {
      throw new Problem(place, {
        code: 'bake-syntax',
        message: `the function "${name}" is there already`,
        hint: 'remove one',
      })
    }
    const find = (wanted: string): Attribute | undefined =>
      body.attributes.find((attribute) => attribute.name === wanted)
    const result = find('result')?.value
    if (result === undefined) {
      throw new Problem(place, {
        code: 'bake-syntax',
        message: `the function "${name}" has no result`,
        hint: 'result = …',
      })
    }
    const params = paramNames(find('params')?.value)
    const rest = find('variadic_params')?.value
    this.#functions.set(name, { name, params, rest: rest && (paramNames(rest)[0] ?? paramName(rest)), result })
  }

  /** Blocks of targets or groups, in the order of the files. */
  blocks(type: 'target' | 'group'): readonly Block[] {
    return this.#blocks.filter((block) => block.type === type)
  }

  get variables(): readonly Variable[] {
    return [...this.#variables.values()]
  }

  variable(name: string, place: Place): Value {
    return this.#once(`variable ${name}`, name, place, () => this.#compute(name, place))
  }

  #compute(name: string, place: Place): Value {
    const variable = this.#variables.get(name)
    const attribute = this.#attributes.get(name)
    if (variable !== undefined) return variable.value(attribute, this.#override)
    if (attribute !== undefined) return evaluate(attribute.value, this)
    const builtin = this.#builtins.get(name)
    if (builtin !== undefined) return builtin
    const known = [...this.#variables.keys(), ...this.#attributes.keys(), ...this.#builtins.keys()]
    const near = nearest(name, known)
    throw new Problem(place, {
      code: 'bake-unknown-name',
      message: `there is no variable "${name}"`,
      hint: near === undefined ? `declare it: variable "${name}" { default = … }` : `did you mean ${near}?`,
    })
  }

  #once(key: string, shown: string, place: Place, compute: () => Value): Value {
    const known = this.#values.get(key)
    if (known !== undefined) return known
    if (this.#open.includes(key)) {
      throw new Problem(place, {
        code: 'bake-loop',
        message: `${shown} needs itself: ${[...this.#open.slice(this.#open.indexOf(key)), key].join(' → ')}`,
        hint: 'give one of them a value that needs none of the others',
      })
    }
    this.#open.push(key)
    try {
      const value = compute()
      this.#values.set(key, value)
      return value
    } finally {
      this.#open.pop()
    }
  }

  blockAttribute(type: string, label: string, name: string, place: Place): Value | undefined {
    if (type !== 'target' && type !== 'group') return undefined
    const blocks = this.blocks(type).filter((block) => block.labels[0]?.text === label)
    if (blocks.length === 0) {
      const near = nearest(
        label,
        this.blocks(type).flatMap(({ labels }) => labels[0]?.text ?? []),
      )
      throw new Problem(place, {
        code: 'bake-unknown-name',
        message: `there is no ${type} "${label}"`,
        ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
      })
    }
    const attribute = blocks.flatMap(({ body }) => body.attributes.filter((one) => one.name === name)).at(-1)
    const key = `${type}.${label}.${name}`
    return attribute === undefined ? null : this.#once(key, key, place, () => evaluate(attribute.value, this))
  }

  call(request: CallRequest): Value {
    const own = this.#functions.get(request.name)
    if (own === undefined) return callStandard(request, this.#facts, [...this.#functions.keys()])
    const { params, rest, result } = own
    const { args, place } = request
    if (args.length < params.length || (rest === undefined && args.length > params.length)) {
      const most = rest === undefined ? params.length : Number.POSITIVE_INFINITY
      throw new Problem(place, {
        code: 'bake-wrong-type',
        message: `${own.name} takes ${countText(params.length, most)}, but there ${args.length === 1 ? 'is 1' : `are ${args.length}`}`,
        hint: `it is called so: ${own.name}(${[...params, ...(rest === undefined ? [] : [`${rest}...`])].join(', ')})`,
      })
    }
    const names = new Map<string, Value>(params.map((name, at) => [name, args[at]?.value() ?? null]))
    if (rest !== undefined)
      names.set(
        rest,
        args.slice(params.length).map((argument) => argument.value()),
      )
    const key = `function ${own.name}`
    if (this.#open.filter((one) => one === key).length > 100) {
      throw new Problem(place, { code: 'bake-loop', message: `the function ${own.name} calls itself without an end` })
    }
    this.#open.push(key)
    try {
      return evaluate(result, withNames(this, names))
    } finally {
      this.#open.pop()
    }
  }
}

/** Names of parameters: bare words, or strings in JSON. */
function paramNames(list: Expression | undefined): readonly string[] {
  return list?.kind === 'tuple' ? list.items.map(paramName) : []
}

function paramName(expression: Expression): string {
  if (expression.kind === 'variable') return expression.name
  const [part] = expression.kind === 'template' ? expression.parts : []
  if (part?.kind === 'text') return part.text
  throw new Problem(expression.place, { code: 'bake-syntax', message: 'expected the name of a parameter' })
}

/** A list of strings, as `inherits` and `targets` are. */
export function nameList(value: Value): readonly string[] | undefined {
  if (!isList(value)) return undefined
  const texts = value.map(textOf)
  return texts.every((text) => text !== undefined) ? texts : undefined
}
