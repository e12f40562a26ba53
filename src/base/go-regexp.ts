/**
 * Compiles the regular expressions that ignore patterns become from Go's syntax to the same language here: literals,
 * escapes, classes, `[^/]*`, `.*`, `(.*\/)?`, anchors. Undefined where Go reports an error, and for escapes no file
 * name needs (`\Q`, `\p`, octal and hexadecimal codes).
 */
export function goRegExp(source: string): RegExp | undefined {
  const chars = Array.from(source)
  let result = ''
  for (let at = 0; at < chars.length; ) {
    const char = chars[at] ?? ''
    if (char === '[') {
      const parsed = parseClass(chars, at + 1)
      if (parsed === undefined) return undefined
      result += parsed.source
      at = parsed.next
    } else if (char === '\\') {
      const escaped = outsideEscape(chars[at + 1])
      if (escaped === undefined) return undefined
      result += escaped
      at += 2
    } else {
      result += '^$()*?'.includes(char) ? char : char === '.' ? '[^\\n]' : literal(char)
      at++
    }
  }
  return new RegExp(result, 'u')
}

const perlClasses: Readonly<Record<string, string>> = {
  d: '0-9',
  s: '\\t\\n\\f\\r ',
  w: '0-9A-Za-z_',
}

/** Complements of the above, since a class cannot hold a negated class by text alone. */
const negatedPerlClasses: Readonly<Record<string, string>> = {
  D: '\\0-/:-\\u{10ffff}',
  S: '\\0-\\x08\\x0b\\x0e-\\x1f!-\\u{10ffff}',
  W: '\\0-/:-@\\[-\\^`\\{-\\u{10ffff}',
}

const controls: Readonly<Record<string, string>> = {
  a: '\\x07',
  f: '\\f',
  n: '\\n',
  r: '\\r',
  t: '\\t',
  v: '\\v',
}

const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\0-\\x7f',
  blank: '\\t ',
  cntrl: '\\0-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-/:-@\\[-`\\{-~',
  space: '\\t-\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

function perlClass(name: string | undefined): string | undefined {
  return name === undefined ? undefined : (perlClasses[name] ?? negatedPerlClasses[name])
}

function outsideEscape(name: string | undefined): string | undefined {
  const set = perlClass(name)
  if (set !== undefined) return `[${set}]`
  if (name === 'b' || name === 'B') return `\\${name}`
  if (name === 'A') return '^'
  return name === 'z' ? '$' : charEscape(name)
}

/** An escaped control letter, or a punctuation mark that stands for itself; Go refuses the rest. */
function charEscape(name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  return controls[name] ?? (/^[\x00-\x7f]$/.test(name) && !/[0-9A-Za-z]/.test(name) ? literal(name) : undefined)
}

function literal(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}

interface Parsed {
  readonly source: string
  readonly next: number
}

/** A class after its `[`: a first `]` is literal, and so is `-` wherever it makes no range. */
function parseClass(chars: readonly string[], start: number): Parsed | undefined {
  const negated = chars[start] === '^'
  const first = negated ? start + 1 : start
  let set = ''
  let at = first
  while (at === first || chars[at] !== ']') {
    if (at >= chars.length) return undefined
    const item = namedClass(chars, at) ?? escapedClass(chars, at) ?? parseRange(chars, at)
    if (item === undefined || item.source === '!') return undefined
    set += item.source
    at = item.next
  }
  return { source: `[${negated ? '^' : ''}${set}]`, next: at + 1 }
}

/** `[:alpha:]` inside a class; a name Go does not know gives the source `!`. */
function namedClass(chars: readonly string[], at: number): Parsed | undefined {
  if (chars[at] !== '[' || chars[at + 1] !== ':') return undefined
  const rest = chars.slice(at + 2).join('')
  const end = rest.indexOf(':]')
  if (end < 0) return undefined
  const name = rest.slice(0, end)
  const next = at + 2 + Array.from(name).length + 2
  const set = posixClasses[name]
  return { source: set ?? '!', next }
}

function escapedClass(chars: readonly string[], at: number): Parsed | undefined {
  const set = chars[at] === '\\' ? perlClass(chars[at + 1]) : undefined
  return set === undefined ? undefined : { source: set, next: at + 2 }
}

function parseRange(chars: readonly string[], at: number): Parsed | undefined {
  const low = classChar(chars, at)
  if (low === undefined) return undefined
  if (chars[low.next] !== '-' || low.next + 1 >= chars.length || chars[low.next + 1] === ']') return low
  const high = classChar(chars, low.next + 1)
  if (high === undefined || codeOf(high.source) < codeOf(low.source)) return undefined
  return { source: `${low.source}-${high.source}`, next: high.next }
}

function classChar(chars: readonly string[], at: number): Parsed | undefined {
  const char = chars[at]
  if (char === undefined) return undefined
  if (char !== '\\') return { source: literal(char), next: at + 1 }
  const escaped = charEscape(chars[at + 1])
  return escaped === undefined ? undefined : { source: escaped, next: at + 2 }
}

/** Code point of an escape that `literal` or `controls` wrote. */
function codeOf(text: string): number {
  const hex = /^\\(?:u\{([0-9a-f]+)\}|x([0-9a-f]{2}))$/.exec(text)
  if (hex) return Number.parseInt(hex[1] ?? hex[2] ?? '', 16)
  return { '\\f': 12, '\\n': 10, '\\r': 13, '\\t': 9, '\\v': 11 }[text] ?? 0
}
