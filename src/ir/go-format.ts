const escapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}
const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u

function quoteChar(char: string, quote: string): string {
  if (char === quote) return `\\${quote}`
  const named = escapes[char]
  if (named !== undefined) return named
  if (printable.test(char)) return char
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code > 0xffff) return `\\U${code.toString(16).padStart(8, '0')}`
  return `\\u${code.toString(16).padStart(4, '0')}`
}

/** A string as Go's `%q` prints it; history entries of images are written so. */
export function goQuote(text: string): string {
  return `"${Array.from(text, (char) => quoteChar(char, '"')).join('')}"`
}

/** A list of strings as Go's `%q` prints it: `["a" "b"]`. */
export function goQuoteList(items: readonly string[]): string {
  return `[${items.map(goQuote).join(' ')}]`
}

/** A number as Go's `%q` prints it: the quoted character of that code. */
export function goQuoteNumber(value: number): string {
  const valid = value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff)
  return `'${quoteChar(valid ? String.fromCodePoint(value) : '\ufffd', "'")}'`
}

/** Nanoseconds as Go prints a duration: `1m30s`, `1.5s`, `100ms`, `0s`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 1e9) {
    const [size, unit] = nanoseconds < 1e3 ? [1, 'ns'] : nanoseconds < 1e6 ? [1e3, 'µs'] : [1e6, 'ms']
    return `${decimal(nanoseconds, Number(size))}${unit}`
  }
  const hours = Math.floor(nanoseconds / 3600e9)
  const minutes = Math.floor((nanoseconds % 3600e9) / 60e9)
  const seconds = `${decimal(nanoseconds % 60e9, 1e9)}s`
  if (hours > 0) return `${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${minutes}m${seconds}` : seconds
}

/** `value / size` exactly, without trailing zeros; both are whole numbers. */
function decimal(value: number, size: number): string {
  const digits = String(size).length - 1
  const fraction = String(value % size)
    .padStart(digits, '0')
    .replace(/0+$/, '')
  const whole = String(Math.floor(value / size))
  return size === 1 || fraction === '' ? whole : `${whole}.${fraction}`
}
