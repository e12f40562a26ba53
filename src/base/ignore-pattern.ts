import { goRegExp } from './go-regexp.ts'
import { compileGlob } from './path-pattern.ts'

/** A compiled pattern of an ignore file. */
export interface IgnorePattern {
  matches(path: string): boolean
  /** False when no path below `directory` (no trailing slash) can match. May say true without need. */
  mayMatchBelow(directory: string): boolean
}

/**
 * Compiles one cleaned pattern as moby's patternmatcher does, odd corners included: a pattern without wildcards is
 * compared as text, `**` + text is a suffix test, the rest becomes a regular expression. Undefined when it is malformed.
 */
export function compileIgnorePattern(pattern: string): IgnorePattern | undefined {
  if (compileGlob(pattern) === undefined) return undefined
  const { kind, source } = translate(pattern)
  switch (kind) {
    case 'exact':
      return { matches: (path) => path === pattern, mayMatchBelow: (directory) => pattern.startsWith(`${directory}/`) }
    case 'prefix':
      return prefixPattern(pattern.slice(0, -2))
    case 'suffix':
      return suffixPattern(pattern.slice(2))
    case 'regexp': {
      const regexp = goRegExp(source)
      if (regexp === undefined) return undefined
      return { matches: (path) => regexp.test(path), mayMatchBelow: boundedBelow(pattern) }
    }
  }
}

function prefixPattern(prefix: string): IgnorePattern {
  return {
    matches: (path) => path.startsWith(prefix),
    mayMatchBelow: (directory) => `${directory}/`.startsWith(prefix) || prefix.startsWith(`${directory}/`),
  }
}

function suffixPattern(suffix: string): IgnorePattern {
  return {
    matches: (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1)),
    mayMatchBelow: () => true,
  }
}

type MatchKind = 'exact' | 'prefix' | 'suffix' | 'regexp'

/** The regular expression moby builds, in Go's syntax, and which of its short cuts applies. */
function translate(pattern: string): { readonly kind: MatchKind; readonly source: string } {
  const chars = Array.from(pattern)
  let kind: MatchKind = 'exact'
  let source = '^'
  for (let at = 0, token = 0; at < chars.length; token++) {
    const char = chars[at++] ?? ''
    if (char === '*' && chars[at] === '*') {
      at += chars[at + 1] === '/' ? 2 : 1
      if (at < chars.length) {
        source += '(.*/)?'
        kind = 'regexp'
      } else if (kind === 'exact') kind = 'prefix'
      else {
        source += '.*'
        kind = 'regexp'
      }
      if (token === 0) kind = 'suffix'
    } else if (char === '*' || char === '?') {
      source += char === '*' ? '[^/]*' : '[^/]'
      kind = 'regexp'
    } else if ('.+()|{}$'.includes(char)) source += `\\${char}`
    else if (char === '\\') {
      source += `\\${chars[at++] ?? ''}`
      kind = 'regexp'
    } else {
      source += char
      if (char === '[' || char === ']') kind = 'regexp'
    }
  }
  return { kind, source: `${source}$` }
}

/** Below which directories a regular expression may match: by the pattern's literal start, and by depth without `**`. */
function boundedBelow(pattern: string): IgnorePattern['mayMatchBelow'] {
  const literal = /^[^*?[\]\\^]*/.exec(pattern)?.[0] ?? ''
  // A class, or an escape that Go's regexp reads as one, may match a slash.
  const depth = /\*\*|[[\\]/.test(pattern) ? Number.POSITIVE_INFINITY : pattern.split('/').length
  return (directory) => {
    const below = `${directory}/`
    if (!below.startsWith(literal) && !literal.startsWith(below)) return false
    return depth > directory.split('/').length
  }
}
