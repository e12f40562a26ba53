import { elementAt } from './evaluate.ts'
import { type BakeFunction, define, type FunctionCall } from './function-call.ts'
import { isList, isMap, sameValue, sortedEntries, type Value, type ValueList } from './value.ts'

/** Functions on lists, sets and maps. A set is a list here: each value once, strings and numbers in order. */
export const collectionFunctions: readonly (readonly [string, BakeFunction])[] = [
  define('length(collection)', length),
  define('concat(lists...)', (call) => call.args.flatMap((_, index) => call.list(index))),
  define('contains(list, value)', (call) => call.list(0).some((item) => sameValue(item, call.value(1))), true),
  define('distinct(list)', (call) => unique(call.list(0))),
  define('flatten(list)', (call) => flattened(call.list(0))),
  define('compact(list)', (call) => call.list(0).filter((item) => item !== null && item !== '')),
  define('sort(list)', (call) => call.texts(0).toSorted(byCodeUnit)),
  define('reverselist(list)', (call) => call.list(0).toReversed()),
  define('chunklist(list, size)', chunkList),
  define('element(list, index)', element),
  define('index(collection, key)', (call) => elementAt(call.value(0), call.value(1), call.at(1), call.at(0))),
  define('indexof(list, value)', (call) => {
    const found = call.list(0).findIndex((item) => sameValue(item, call.value(1)))
    if (found < 0) throw call.failed('the list does not have the value', 1)
    return found
  }),
  define('hasindex(collection, key)', hasIndex),
  define('slice(list, start, end)', slice),
  define('coalesce(values...)', coalesce, true),
  define('coalescelist(lists...)', (call) => {
    const found = call.args.findIndex((_, index) => call.list(index).length > 0)
    if (found < 0) throw call.failed('all lists are empty')
    return call.list(found)
  }),
  define('keys(map)', (call) => sortedEntries(call.map(0)).map(([key]) => key)),
  define('values(map)', (call) => sortedEntries(call.map(0)).map(([, value]) => value)),
  define('lookup(map, key, [default])', lookup),
  define('merge(maps...)', merge, true),
  define('zipmap(keys, values)', (call) => {
    const [keys, values] = [call.texts(0), call.list(1)]
    if (keys.length !== values.length) throw call.failed(`there are ${keys.length} keys and ${values.length} values`, 1)
    return new Map(keys.map((key, index) => [key, values[index] ?? null] as const))
  }),
  define('setunion(sets...)', (call) => asSet(call.args.flatMap((_, index) => call.list(index)))),
  define('setintersection(sets...)', (call) =>
    asSet(
      call
        .list(0)
        .filter((item) => call.args.every((_, index) => call.list(index).some((one) => sameValue(one, item)))),
    ),
  ),
  define('setsubtract(a, b)', (call) => asSet(without(call.list(0), call.list(1)))),
  define('setsymmetricdifference(sets...)', (call) =>
    asSet(
      call.args
        .map((_, index) => call.list(index))
        .reduce((found, list) => [...without(found, list), ...without(list, found)]),
    ),
  ),
  define('sethaselement(set, value)', (call) => call.list(0).some((item) => sameValue(item, call.value(1)))),
  define('setproduct(sets...)', (call) =>
    call.args
      .map((_, index) => call.list(index))
      .reduce<readonly ValueList[]>((rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])), [[]]),
  ),
]

function length(call: FunctionCall): Value {
  const value = call.value(0)
  if (isList(value)) return value.length
  if (isMap(value)) return value.size
  throw call.wrong(0, 'a list or a map', value)
}

function unique(list: ValueList): ValueList {
  return list.filter((item, at) => list.findIndex((one) => sameValue(one, item)) === at)
}

/** The values of a set, each once, in the order in which they are gone through. */
export function asSet(list: ValueList): ValueList {
  const found = unique(list)
  if (!found.every((item) => typeof item === 'string' || typeof item === 'number')) return found
  return found.toSorted((a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : byCodeUnit(String(a), String(b)),
  )
}

function without(list: ValueList, other: ValueList): ValueList {
  return list.filter((item) => !other.some((one) => sameValue(one, item)))
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function flattened(list: ValueList): ValueList {
  return list.flatMap((item) => (isList(item) ? flattened(item) : [item]))
}

/** Size 0 is one chunk with everything. */
function chunkList(call: FunctionCall): Value {
  const [list, size] = [call.list(0), call.whole(1)]
  if (size < 0) throw call.failed('the size is below 0', 1)
  if (size === 0) return [list]
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, at * size + size))
}

/** Counts on from the beginning when the index is past the end. */
function element(call: FunctionCall): Value {
  const [list, index] = [call.list(0), call.whole(1)]
  if (list.length === 0) throw call.failed('the list is empty')
  if (index < 0) throw call.failed('the index is below 0', 1)
  return list[index % list.length] ?? null
}

function hasIndex(call: FunctionCall): Value {
  const [collection, key] = [call.value(0), call.value(1)]
  if (isMap(collection)) return typeof key === 'string' && collection.has(key)
  if (!isList(collection)) throw call.wrong(0, 'a list or a map', collection)
  return typeof key === 'number' && Number.isInteger(key) && key >= 0 && key < collection.length
}

function slice(call: FunctionCall): Value {
  const [list, start, end] = [call.list(0), call.whole(1), call.whole(2)]
  if (start < 0 || end > list.length || start > end) {
    throw call.failed(`there is no part from ${start} to ${end} of ${list.length} items`, start < 0 ? 1 : 2)
  }
  return list.slice(start, end)
}

function coalesce(call: FunctionCall): Value {
  const found = call.values().find((value) => value !== null)
  if (found === undefined) throw call.failed('all values are null')
  return found
}

function lookup(call: FunctionCall): Value {
  const found = call.map(0).get(call.text(1))
  if (found !== undefined) return found
  if (call.count === 3) return call.value(2)
  throw call.failed(`the map has no element "${call.text(1)}"`, 1)
}

/** Later maps win; null counts as an empty one. */
function merge(call: FunctionCall): Value {
  return new Map(call.args.flatMap((_, index) => (call.value(index) === null ? [] : [...call.map(index)])))
}
