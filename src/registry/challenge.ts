/** One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1). `scheme` and parameter names are in lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

const separator = /[\s,]*/y
const parameter = /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/y
const schemeWord = /([\w!#$%&'*+.^`|~-]+)(?:\s+(?=[^\s,=])|(?=\s*(?:,|$)))/y
const token68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y

/**
 * Parses a WWW-Authenticate header with any number of challenges. What does not fit the grammar ends the list: a
 * registry that sends nonsense gets no credentials.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(header) ?? undefined
    if (match !== undefined) at = pattern.lastIndex
    return match
  }
  for (;;) {
    take(separator)
    if (at >= header.length) return challenges
    const current = challenges.at(-1)
    const pair = take(parameter)
    if (pair !== undefined) {
      if (current === undefined) return challenges
      const value = pair[2] === undefined ? (pair[3] ?? '') : pair[2].replace(/\\(.)/g, '$1')
      current.parameters.set((pair[1] ?? '').toLowerCase(), value)
      continue
    }
    const scheme = take(schemeWord)
    if (scheme === undefined) return challenges
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters: new Map() })
    const before = at
    if (take(parameter) === undefined) take(token68)
    else at = before
  }
}
