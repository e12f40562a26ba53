import { type Place, Problem } from './problem.ts'

/** The value of a variable; undefined when it is not set. */
export type Environment = (name: string) => string | undefined

/**
 * Compose's interpolation: `$NAME`, `${NAME}`, with `:-` and `-` (else), `:?` and `?` (must be there), `:+` and `+` (if there), and `$$`
 * for a dollar. A variable that is not set is empty. Throws `Problem`; `placeOf` gives the place of a part of the text.
 */
export function interpolate(text: string, env: Environment, placeOf: (start: number, end: number) => Place): string {
  let result = ''
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at)
    const [plain] = /^[^$]+/.exec(rest) ?? []
    const [bare, bareName = ''] = /^\$([a-zA-Z_]\w*)/.exec(rest) ?? []
    if (plain !== undefined) {
      result += plain
      at += plain.length
    } else if (rest.startsWith('$$')) {
      result += '$'
      at += 2
    } else if (bare !== undefined) {
      result += env(bareName) ?? ''
      at += bare.length
    } else {
      const end = rest.startsWith('${') ? closingBrace(text, at + 2) : undefined
      if (end === undefined) throw malformed(text, at, placeOf)
      const start = at + 2
      result += expandBraces(text.slice(start, end), env, (from, to) => placeOf(start + from, start + to))
      at = end + 1
    }
  }
  return result
}

function malformed(text: string, at: number, placeOf: (start: number, end: number) => Place): Problem {
  const [shown = '$'] = /^\$\{?[^\s}]*/.exec(text.slice(at)) ?? []
  return new Problem(placeOf(at, at + shown.length), {
    code: 'bake-compose',
    message: `"${shown}" is no variable`,
    hint: 'write ${NAME} or ${NAME:-default}; a dollar that stands for itself is written $$',
  })
}

/** Where the brace closes that opened before `start`; braces inside are counted. */
function closingBrace(text: string, start: number): number | undefined {
  let depth = 1
  for (let at = start; at < text.length; at++) {
    if (text.startsWith('${', at)) depth++
    else if (text[at] === '}' && --depth === 0) return at
  }
  return undefined
}

function expandBraces(inner: string, env: Environment, placeOf: (start: number, end: number) => Place): string {
  const [whole, name, sign = '', word = ''] = /^([a-zA-Z_]\w*)(?:(:?[-?+])(.*))?$/s.exec(inner) ?? []
  if (whole === undefined || name === undefined)
    throw malformed(`\${${inner}}`, 0, (start, end) => placeOf(start - 2, end - 2))
  const value = env(name)
  const isThere = value !== undefined && !(sign.startsWith(':') && value === '')
  const from = name.length + sign.length
  const other = (): string => interpolate(word, env, (start, end) => placeOf(from + start, from + end))
  if (sign.endsWith('+')) return isThere ? other() : ''
  if (isThere) return value
  if (sign.endsWith('-')) return other()
  if (!sign.endsWith('?')) return ''
  const reason = other()
  throw new Problem(placeOf(0, inner.length), {
    code: 'bake-compose',
    message: `the variable ${name} is needed${reason === '' ? '' : `: ${reason}`}`,
    hint: `set it in the environment, or in the file .env: ${name}=…`,
  })
}

/** Reads a `.env` file: `NAME=value` in lines, quotes around values, comments. What cannot be read is passed over. */
export function parseDotEnv(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const [, name, written = ''] = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined) continue
    const [, single] = /^'([^']*)'/.exec(written) ?? []
    const [, double] = /^"((?:[^"\\]|\\.)*)"/.exec(written) ?? []
    const unescaped = double?.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char === 't' ? '\t' : char))
    found.set(name, single ?? unescaped ?? written.replace(/(^|\s+)#.*$/, ''))
  }
  return found
}
