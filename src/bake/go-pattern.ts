/**
 * A regular expression of Go's syntax (RE2) as one of ours, with the same meaning but for what RE2 alone has: undefined parts come
 * back as a message. Flags at the beginning, `(?i)`, named groups `(?P<n>…)`, `\A`, `\z`, POSIX classes are translated.
 */
export function goPattern(source: string, flags: string): RegExp | string {
  const [, own = '', rest = source] = /^\(\?([imsU]+)\)(.*)$/s.exec(source) ?? []
  if (own.includes('U')) return 'the flag U of a pattern is not supported'
  const unsupported = /\(\?(?:=|!|<[=!])|\\[1-9]/.exec(rest)
  if (unsupported !== null)
    return `"${unsupported[0]}" is not in the syntax of patterns (RE2 has no look-around and no back references)`
  const translated = rest
    .replaceAll('(?P<', '(?<')
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$')
    .replace(/\[\[:(\^?)(\w+):\]\]/g, (whole, negated: string, name: string) => {
      const set = posixClasses[name]
      return set === undefined ? whole : `[${negated}${set}]`
    })
    .replace(/\[:(\w+):\]/g, (whole, name: string) => posixClasses[name] ?? whole)
  // Go lets any sign be escaped, JavaScript's unicode mode only some.
  for (const mode of ['u', '']) {
    try {
      return new RegExp(translated, `${flags}${own}${mode}`)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  return `"${source}" is no pattern`
}

const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  blank: '\\t ',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\s',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9A-Fa-f',
}
