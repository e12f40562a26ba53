import { type BakeFunction, define, type FunctionCall } from './function-call.ts'
import { divide } from './operators.ts'
import { sameValue, type Value } from './value.ts'

/** Functions on numbers and bools. */
export const numberFunctions: readonly (readonly [string, BakeFunction])[] = [
  define('absolute(number)', (call) => Math.abs(call.number(0))),
  define('add(a, b)', (call) => call.number(0) + call.number(1)),
  define('subtract(a, b)', (call) => call.number(0) - call.number(1)),
  define('multiply(a, b)', (call) => call.number(0) * call.number(1)),
  define('divide(a, b)', (call) => divide('/', call.number(0), call.number(1), call.at(1))),
  define('modulo(a, b)', (call) => divide('%', call.number(0), call.number(1), call.at(1))),
  define('negate(number)', (call) => -call.number(0)),
  define('ceil(number)', (call) => Math.ceil(call.number(0))),
  define('floor(number)', (call) => Math.floor(call.number(0))),
  define('int(number)', (call) => Math.trunc(call.number(0))),
  define('log(number, base)', (call) => Math.log(call.number(0)) / Math.log(call.number(1))),
  define('pow(number, power)', (call) => call.number(0) ** call.number(1)),
  define('signum(number)', (call) => Math.sign(call.number(0))),
  define('max(numbers...)', (call) => Math.max(...numbers(call))),
  define('min(numbers...)', (call) => Math.min(...numbers(call))),
  define('parseint(string, base)', parseInteger),
  define('greaterthan(a, b)', (call) => call.number(0) > call.number(1)),
  define('greaterthanorequalto(a, b)', (call) => call.number(0) >= call.number(1)),
  define('lessthan(a, b)', (call) => call.number(0) < call.number(1)),
  define('lessthanorequalto(a, b)', (call) => call.number(0) <= call.number(1)),
  define('and(a, b)', (call) => call.bool(0) && call.bool(1)),
  define('or(a, b)', (call) => call.bool(0) || call.bool(1)),
  define('not(bool)', (call) => !call.bool(0)),
  define('equal(a, b)', (call) => sameValue(call.value(0), call.value(1)), true),
  define('notequal(a, b)', (call) => !sameValue(call.value(0), call.value(1)), true),
  define('range([start], [end], [step])', range),
]

function numbers(call: FunctionCall): readonly number[] {
  if (call.count === 0) throw call.failed('there is no number')
  return call.args.map((_, index) => call.number(index))
}

function parseInteger(call: FunctionCall): Value {
  const [text, base] = [call.text(0), call.whole(1)]
  const digits = '0123456789abcdefghijklmnopqrstuvwxyz'.slice(0, base)
  if (base < 2 || base > 36) throw call.failed(`there is no base ${base}, only 2 to 36`, 1)
  const plain = text.toLowerCase().replace(/^[-+]/, '')
  if (plain === '' || [...plain].some((digit) => !digits.includes(digit))) {
    throw call.failed(`"${text}" is no number of base ${base}`)
  }
  return Number.parseInt(text, base)
}

/** `range(end)`, `range(start, end)`, `range(start, end, step)`; the step goes the right way when it is not given. */
function range(call: FunctionCall): Value {
  if (call.count === 0) throw call.failed('there is no end')
  const start = call.count === 1 ? 0 : call.number(0)
  const end = call.number(call.count === 1 ? 0 : 1)
  const step = call.count === 3 ? call.number(2) : end < start ? -1 : 1
  if (step === 0 || (end < start && step > 0) || (end > start && step < 0)) {
    throw call.failed(`steps of ${step} do not lead from ${start} to ${end}`, 2)
  }
  const found: number[] = []
  for (let at = start; step > 0 ? at < end : at > end; at += step) {
    if (found.length === 1024) throw call.failed('more than 1024 values')
    found.push(at)
  }
  return found
}
