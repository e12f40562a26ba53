import { createHash } from 'node:crypto'
import { type BakeFunction, define, type FunctionCall } from './function-call.ts'
import { kindOf, numberOf, plainValue, textOf, type Value, valueOfJson } from './value.ts'

/** Functions that encode, digest and convert. */
export const encodingFunctions: readonly (readonly [string, BakeFunction])[] = [
  define('base64encode(string)', (call) => Buffer.from(call.text(0)).toString('base64')),
  define('base64decode(string)', base64Decode),
  define('urlencode(string)', (call) =>
    encodeURIComponent(call.text(0))
      .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  ),
  define('jsonencode(value)', (call) => goJson(plainValue(call.value(0))), true),
  define('jsondecode(string)', jsonDecode),
  define('csvdecode(string)', csvDecode),
  ...(['md5', 'sha1', 'sha256', 'sha512'] as const).map((name) =>
    define(`${name}(string)`, (call) => createHash(name).update(call.text(0)).digest('hex')),
  ),
  define('uuidv4()', (call) => call.facts.randomUuid()),
  define('uuidv5(namespace, name)', uuidV5),
  define('convert(value, type)', (call) => convertTo(call, call.value(0), call.text(1))),
]

function base64Decode(call: FunctionCall): Value {
  const text = call.text(0)
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text))
    throw call.failed('this is no base64')
  return Buffer.from(text, 'base64').toString()
}

/** Go writes what could end a script as an escape. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function jsonDecode(call: FunctionCall): Value {
  try {
    return valueOfJson(JSON.parse(call.text(0)))
  } catch (error) {
    if (error instanceof SyntaxError) throw call.failed(`this is no JSON: ${error.message}`)
    throw error
  }
}

/** A map for each row, by the names of the first row. */
function csvDecode(call: FunctionCall): Value {
  const rows = csvRows(call.text(0))
  if (rows === undefined) throw call.failed('this is no CSV: a quote has no end')
  const [head, ...others] = rows
  if (head === undefined) throw call.failed('there is no row with the names')
  return others.map((row) => {
    if (row.length !== head.length)
      throw call.failed(`a row has ${row.length} fields, and there are ${head.length} names`)
    return new Map(head.map((name, at) => [name, row[at] ?? ''] as const))
  })
}

/** Rows of fields, by RFC 4180; undefined when a quote has no end. */
export function csvRows(text: string): readonly (readonly string[])[] | undefined {
  const rows: string[][] = []
  const field = /(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r?\n|$)/y
  let row: string[] = []
  while (field.lastIndex < text.length) {
    const found = field.exec(text)
    if (found === null) return undefined
    const [, inQuotes, bare = '', end] = found
    row.push(inQuotes === undefined ? bare : inQuotes.replaceAll('""', '"'))
    if (end === ',' && field.lastIndex < text.length) continue
    if (end === ',') row.push('')
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  return rows
}

const uuidNamespaces: Readonly<Record<string, string>> = {
  dns: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  url: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
  oid: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
  x500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
}

function uuidV5(call: FunctionCall): Value {
  const written = call.text(0)
  const namespace = uuidNamespaces[written] ?? written
  const hex = namespace.replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw call.failed(`"${written}" is no UUID, nor dns, url, oid or x500`)
  const digest = createHash('sha1').update(Buffer.from(hex, 'hex')).update(call.text(1)).digest()
  const bytes = Buffer.from(digest.subarray(0, 16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** `convert(value, "number")`: primitives by name. */
function convertTo(call: FunctionCall, value: Value, type: string): Value {
  const text = textOf(value)
  const failed = (): Error => call.failed(`${kindOf(value)} cannot become a ${type}`)
  if (text === undefined) throw failed()
  if (type === 'string') return text
  const converted =
    type === 'number' ? numberOf(text) : type === 'bool' && /^(true|false)$/.test(text) ? text === 'true' : undefined
  if (converted === undefined) throw failed()
  return converted
}
