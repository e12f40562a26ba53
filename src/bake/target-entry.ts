import { csvRows } from './encoding-functions.ts'
import { type Place, Problem, wrongType } from './problem.ts'
import type { Entry, EntryField } from './target.ts'
import { isList, isMap, kindOf, textOf, type Value } from './value.ts'

const examples: Readonly<Record<EntryField, string>> = {
  attest: 'type=provenance,mode=max',
  'cache-from': 'type=registry,ref=NAME',
  'cache-to': 'type=registry,ref=NAME',
  secret: 'id=NAME,src=FILE',
  ssh: 'default or ID=SOCKET',
  output: 'type=registry',
}

/** An entry as a file says it: a string as on the command line, or a map. Throws `Problem`. */
export function readEntry(field: EntryField, value: Value, place: Place): Entry {
  if (typeof value === 'string') return parseEntry(field, value, place)
  if (!isMap(value)) {
    throw wrongType(
      place,
      `an entry of ${field} must be a string or a map, but this is ${kindOf(value)}`,
      `write "${examples[field]}"`,
    )
  }
  const entry = Object.fromEntries(
    [...value].flatMap(([key, item]) => {
      if (item === null) return []
      const text = isList(item) ? item.map((one) => textOf(one) ?? '').join(',') : textOf(item)
      if (text === undefined) throw wrongType(place, `"${key}" of ${field} must be a string, but it is ${kindOf(item)}`)
      return [[key, text] as const]
    }),
  )
  return checked(field, entry, place)
}

/** An entry in the form of the command line: fields with commas, quoted where they have some themselves. */
export function parseEntry(field: EntryField, text: string, place: Place): Entry {
  if (field === 'ssh') return parseAgent(text)
  const fields = csvRows(text)?.[0] ?? []
  const [first = '', more] = fields
  if (more === undefined && !first.includes('=')) {
    if (field === 'output') return first === '-' ? { type: 'tar', dest: '-' } : { type: 'local', dest: first }
    if (field === 'cache-from' || field === 'cache-to') return { type: 'registry', ref: first }
    if (field === 'attest') return { type: first }
  }
  const entry: Record<string, string> = {}
  for (const part of fields) {
    const at = part.indexOf('=')
    if (at <= 0) throw invalid(field, `"${part}" is no key=value`, place)
    entry[part.slice(0, at).toLowerCase()] = part.slice(at + 1)
  }
  return checked(field, entry, place)
}

function parseAgent(text: string): Entry {
  const at = text.indexOf('=')
  return at < 0 ? { id: text } : { id: text.slice(0, at), paths: text.slice(at + 1) }
}

function checked(field: EntryField, entry: Entry, place: Place): Entry {
  if (field === 'secret') return checkedSecret(entry, place)
  if (field === 'ssh') {
    if (entry['id'] === undefined) throw invalid(field, 'it has no id', place)
    return entry
  }
  if (entry['type'] === undefined) throw invalid(field, 'it has no type', place)
  return entry
}

/** `source` is `src`; `type` only says which of src and env is meant. */
function checkedSecret(entry: Entry, place: Place): Entry {
  const { type, source, ...rest } = entry
  const unknown = Object.keys(rest).find((key) => !['id', 'src', 'env'].includes(key))
  if (unknown !== undefined) throw invalid('secret', `it has no "${unknown}"`, place)
  if (type !== undefined && type !== 'file' && type !== 'env')
    throw invalid('secret', `there is no type "${type}"`, place)
  if (rest['id'] === undefined) throw invalid('secret', 'it has no id', place)
  const { src = source, ...others } = rest
  if (type === 'env' && src !== undefined && others['env'] === undefined) return { ...others, env: src }
  return src === undefined ? others : { ...others, src }
}

function invalid(field: EntryField, reason: string, place: Place): Problem {
  return new Problem(place, {
    code: 'bake-wrong-type',
    message: `an entry of ${field} is wrong: ${reason}`,
    hint: `write ${examples[field]}`,
  })
}
