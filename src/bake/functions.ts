import { nearest } from '../base/index.ts'
import { addressFunctions } from './address-functions.ts'
import { collectionFunctions } from './collection-functions.ts'
import { encodingFunctions } from './encoding-functions.ts'
import { arity, type BakeFacts, type BakeFunction, define, FunctionCall } from './function-call.ts'
import { numberFunctions } from './number-functions.ts'
import { Problem } from './problem.ts'
import type { Argument, CallRequest } from './scope.ts'
import { semverCompare } from './semver.ts'
import { textFunctions } from './text-functions.ts'
import { timeFunctions } from './time-functions.ts'
import type { Value } from './value.ts'

/** The functions that bake documents as its standard library. */
const standardFunctions: ReadonlyMap<string, BakeFunction> = new Map([
  ...textFunctions,
  ...numberFunctions,
  ...collectionFunctions,
  ...encodingFunctions,
  ...timeFunctions,
  ...addressFunctions,
  define('semvercmp(version, constraint)', semverCompare),
  define('homedir()', (call) => call.facts.homeDirectory),
  define('try(values...)', tryEach, true),
  define('can(value)', (call) => evaluates(call.args[0]), true),
])

/** Documented, but left out: a password hash and decryption have no place in what a build is described by. */
const leftOut = ['bcrypt', 'rsadecrypt']

/** Names of all functions of the standard library, in order. */
export const functionNames: readonly string[] = [...standardFunctions.keys()].sort()

/** Calls a function of the standard library. `others` are the names that may have been meant, too. Throws `Problem`. */
export function callStandard(request: CallRequest, facts: BakeFacts, others: readonly string[]): Value {
  const { name, namePlace, place, args } = request
  const known = standardFunctions.get(name)
  if (known === undefined) throw unknownFunction(request, others)
  const { least, most } = arity(known.signature)
  if (args.length < least || args.length > most) {
    throw new Problem(args.length > most ? (args[most]?.place ?? place) : namePlace, {
      code: 'bake-wrong-type',
      message: `${name} takes ${countText(least, most)}, but there ${args.length === 1 ? 'is 1' : `are ${args.length}`}`,
      hint: `it is called so: ${known.signature}`,
    })
  }
  return known.run(new FunctionCall(name, place, args, facts, known.takesNull))
}

/** `2 arguments`, `2 to 3 arguments`, `at least 1 argument`. */
export function countText(least: number, most: number): string {
  const amount =
    least === most ? String(least) : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`
  return `${amount} ${most === 1 || (least === 1 && most === Number.POSITIVE_INFINITY) ? 'argument' : 'arguments'}`
}

function unknownFunction({ name, namePlace }: CallRequest, others: readonly string[]): Problem {
  if (leftOut.includes(name)) {
    return new Problem(namePlace, {
      code: 'bake-not-supported',
      message: `the function ${name} is not supported`,
      hint: 'compute the value outside, and give it with a variable',
    })
  }
  const near = nearest(name, [...functionNames, ...others])
  return new Problem(namePlace, {
    code: 'bake-unknown-name',
    message: `there is no function "${name}"`,
    hint: near === undefined ? 'define it with function "name" { params = […], result = … }' : `did you mean ${near}?`,
  })
}

function evaluates(argument: Argument | undefined): boolean {
  try {
    argument?.value()
    return true
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}

/** The first argument that can be evaluated. */
function tryEach(call: FunctionCall): Value {
  const found = call.args.find(evaluates)
  if (found !== undefined) return found.value()
  const last = call.args.at(-1)
  return last === undefined ? null : last.value()
}
