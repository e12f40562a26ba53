import { type BakeFunction, define, type FunctionCall } from './function-call.ts'
import { goPattern } from './go-pattern.ts'
import { isList, isMap, textOf, type Value } from './value.ts'

/** Functions on strings. Positions and lengths count characters as people see them, as in HCL. */
export const textFunctions: readonly (readonly [string, BakeFunction])[] = [
  define('upper(string)', (call) => call.text(0).toUpperCase()),
  define('lower(string)', (call) => call.text(0).toLowerCase()),
  define('title(string)', (call) =>
    call.text(0).replace(/(?<![\p{L}\p{N}_'])\p{L}/gu, (letter) => letter.toUpperCase()),
  ),
  define('reverse(string)', (call) => graphemes(call.text(0)).reverse().join('')),
  define('strlen(string)', (call) => graphemes(call.text(0)).length),
  define('substr(string, offset, length)', substr),
  define('trim(string, characters)', (call) => trimmed(call.text(0), call.text(1), true, true)),
  define('trimspace(string)', (call) => call.text(0).trim()),
  define('trimprefix(string, prefix)', (call) => {
    const text = call.text(0)
    return text.startsWith(call.text(1)) ? text.slice(call.text(1).length) : text
  }),
  define('trimsuffix(string, suffix)', (call) => {
    const [text, suffix] = [call.text(0), call.text(1)]
    return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
  }),
  define('chomp(string)', (call) => call.text(0).replace(/(?:\r\n|\n|\r)+$/, '')),
  define('indent(spaces, string)', (call) => call.text(1).replaceAll('\n', `\n${' '.repeat(call.whole(0))}`)),
  define('replace(string, search, replacement)', (call) => call.text(0).replaceAll(call.text(1), () => call.text(2))),
  define('regex(pattern, string)', (call) => {
    const found = pattern(call, 0, '').exec(call.text(1))
    if (found === null) throw call.failed(`the pattern matches nothing in ${JSON.stringify(call.text(1))}`, 1)
    return captures(found)
  }),
  define('regexall(pattern, string)', (call) => [...call.text(1).matchAll(pattern(call, 0, 'g'))].map(captures)),
  define('regex_replace(string, pattern, replacement)', regexReplace),
  define('split(separator, string)', (call) => (call.text(1) === '' ? [''] : call.text(1).split(call.text(0)))),
  define('join(separator, lists...)', (call) =>
    call.args
      .slice(1)
      .flatMap((_, index) => call.texts(index + 1))
      .join(call.text(0)),
  ),
  define('format(format, values...)', (call) => formatted(call, call.text(0), call.values(1)), true),
  define('formatlist(format, values...)', formatList, true),
  define('sanitize(string)', (call) => call.text(0).replace(/[^a-zA-Z0-9_-]/g, '_')),
  define('byteslen(bytes)', (call) => Buffer.byteLength(call.text(0))),
  define('bytesslice(bytes, offset, length)', (call) => {
    const [offset, length] = [call.whole(1), call.whole(2)]
    return Buffer.from(call.text(0))
      .subarray(offset, offset + length)
      .toString()
  }),
  define('basename(path)', (call) => {
    const text = call.text(0)
    if (text === '') return '.'
    const path = text.replace(/\/+$/, '')
    return path === '' ? '/' : path.slice(path.lastIndexOf('/') + 1)
  }),
  define('dirname(path)', (call) => dirname(call.text(0))),
]

function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text), ({ segment }) => segment)
}

/** A negative offset counts from the end, a negative length takes the rest. */
function substr(call: FunctionCall): Value {
  const chars = graphemes(call.text(0))
  const [offset, length] = [call.whole(1), call.whole(2)]
  const start = offset < 0 ? Math.max(0, chars.length + offset) : offset
  return chars.slice(start, length < 0 ? undefined : start + length).join('')
}

function trimmed(text: string, characters: string, atStart: boolean, atEnd: boolean): string {
  const cut = new Set(characters)
  const chars = Array.from(text)
  let [start, end] = [0, chars.length]
  while (atStart && start < end && cut.has(chars[start] ?? '')) start++
  while (atEnd && end > start && cut.has(chars[end - 1] ?? '')) end--
  return chars.slice(start, end).join('')
}

function pattern(call: FunctionCall, at: number, flags: string): RegExp {
  const result = goPattern(call.text(at), flags)
  if (typeof result === 'string') throw call.failed(result, at)
  return result
}

/** The whole match, a list of numbered groups, or a map of named ones. */
function captures(found: RegExpExecArray | RegExpMatchArray): Value {
  if (found.groups !== undefined) {
    return new Map(Object.entries(found.groups).map(([name, text]) => [name, text ?? null] as const))
  }
  return found.length === 1 ? (found[0] ?? null) : found.slice(1).map((text) => text ?? null)
}

/** `$1`, `${1}` and `${name}` stand for groups, `$$` for a dollar, as in Go. */
function regexReplace(call: FunctionCall): Value {
  const expression = pattern(call, 1, 'g')
  const template = call.text(2)
  return call.text(0).replace(expression, (...found) => {
    const last: unknown = found.at(-1)
    const groups =
      typeof last === 'object' && last !== null ? new Map<string, unknown>(Object.entries(last)) : new Map()
    return template.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole: string, bare?: string, braced?: string) => {
      if (whole === '$$') return '$'
      const name = bare ?? braced ?? ''
      const text: unknown = /^\d+$/.test(name) ? found[Number(name)] : groups.get(name)
      return typeof text === 'string' ? text : ''
    })
  })
}

/** One string for each position of the lists among the values. */
function formatList(call: FunctionCall): Value {
  const values = call.values(1)
  const lengths = new Set(values.filter(isList).map((list) => list.length))
  const [length = 1, other] = lengths
  if (other !== undefined) throw call.failed(`the lists have ${length} and ${other} items`)
  return Array.from({ length }, (_, index) =>
    formatted(
      call,
      call.text(0),
      values.map((value) => (isList(value) ? (value[index] ?? null) : value)),
    ),
  )
}

const verb = /%(?:%|([-+# 0]*)(\d+)?(?:\.(\d+))?(?:\[(\d+)\])?([a-zA-Z]))/g

/** As HCL's `format`: verbs %v %#v %t %b %d %o %x %X %e %f %g %s %q with flags, width, precision and `[n]`. */
function formatted(call: FunctionCall, format: string, values: readonly Value[]): string {
  let next = 0
  return format.replace(verb, (...match: readonly unknown[]) => {
    const [whole, flags, width, precision, position, letter] = match.map((part) =>
      typeof part === 'string' ? part : '',
    )
    if (whole === '%%') return '%'
    const at = position === '' ? next : Number(position) - 1
    next = at + 1
    const value = values[at]
    if (value === undefined) throw call.failed(`"${whole}" has no value: there are ${values.length}`)
    const text = verbText(call, value, letter ?? '', flags ?? '', precision ?? '')
    if (text === undefined)
      throw call.failed(`"${whole}" cannot show ${JSON.stringify(textOf(value) ?? 'a list or map')}`)
    return padded(text, flags ?? '', Number(width ?? 0))
  })
}

function padded(text: string, flags: string, width: number): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const [, sign = '', digits = text] = /^([-+]?)(.*)$/s.exec(text) ?? []
  return sign + digits.padStart(width - sign.length, '0')
}

function verbText(
  call: FunctionCall,
  value: Value,
  letter: string,
  flags: string,
  precision: string,
): string | undefined {
  const text = textOf(value)
  const digits = precision === '' ? 6 : Number(precision)
  const number = typeof value === 'boolean' || text === undefined || text === '' ? Number.NaN : Number(text)
  const signed = (shown: string): string => (flags.includes('+') && number >= 0 ? `+${shown}` : shown)
  switch (letter) {
    case 'v':
      return value === null ? 'null' : (text ?? JSON.stringify(jsonOf(value)))
    case 's':
    case 'q': {
      if (text === undefined) return undefined
      const cut = precision === '' ? text : graphemes(text).slice(0, digits).join('')
      return letter === 'q' ? JSON.stringify(cut) : cut
    }
    case 't':
      return value === true || value === false || value === 'true' || value === 'false' ? text : undefined
    case 'd':
      return Number.isNaN(number) ? undefined : signed(String(Math.trunc(number)))
    case 'b':
      return Number.isNaN(number) ? undefined : signed(Math.trunc(number).toString(2))
    case 'o':
      return Number.isNaN(number) ? undefined : signed(Math.trunc(number).toString(8))
    case 'x':
      return Number.isNaN(number) ? undefined : signed(Math.trunc(number).toString(16))
    case 'X':
      return Number.isNaN(number) ? undefined : signed(Math.trunc(number).toString(16).toUpperCase())
    case 'f':
      return Number.isNaN(number) ? undefined : signed(number.toFixed(digits))
    case 'e':
      return Number.isNaN(number) ? undefined : signed(number.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2'))
    case 'g':
      return Number.isNaN(number) ? undefined : signed(String(number))
    default:
      throw call.failed(`"%${letter}" is no verb of format`)
  }
}

function jsonOf(value: Value): unknown {
  if (isList(value)) return value.map(jsonOf)
  return isMap(value) ? Object.fromEntries([...value].map(([key, item]) => [key, jsonOf(item)])) : value
}

function dirname(path: string): string {
  const cut = path.lastIndexOf('/')
  if (cut < 0) return '.'
  const folder = path.slice(0, cut).replace(/\/+$/, '')
  return folder === '' ? '/' : folder
}
