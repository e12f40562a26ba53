/**
 * `path` without empty and `.` components and with `..` applied, as Go's filepath.Clean has it: no trailing slash,
 * `.` for nothing. A rooted path cannot climb above `/`; a relative one keeps its leading `..`.
 */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/')
  const kept: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') kept.push(part)
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop()
    else if (!rooted) kept.push('..')
  }
  const joined = kept.join('/')
  return rooted ? `/${joined}` : joined === '' ? '.' : joined
}

/** The names of `path` below a root that cannot be left: `/../a//b/.` gives `['a', 'b']`, the root itself `[]`. */
export function pathNames(path: string): string[] {
  return cleanPath(`/${path}`)
    .split('/')
    .filter((name) => name !== '')
}

/** Joins a directory relative to a root (empty for the root itself) and a name. */
export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}

/** Directory part of a relative path, empty for a name without slash. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** Last name of a relative path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** True when `text` holds `*`, `?` or `[` that no backslash escapes: what makes a COPY source a pattern (BuildKit). */
export function hasWildcards(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '\\') at++
    else if (char === '*' || char === '?' || char === '[') return true
  }
  return false
}

/**
 * Compiles a pattern of Go's filepath.Match: `*` and `?` stay within a name, `[a-z]`, `[^a]`, backslash escapes.
 * The whole text must match. Undefined when the pattern is malformed (`[a`, `[]`, `[-a]`, a trailing backslash).
 */
export function compileGlob(pattern: string): RegExp | undefined {
  const chars = Array.from(pattern)
  let source = '^'
  for (let at = 0; at < chars.length; ) {
    const char = chars[at] ?? ''
    if (char === '[') {
      const parsed = parseClass(chars, at + 1)
      if (parsed === undefined) return undefined
      source += parsed.source
      at = parsed.next
      continue
    }
    if (char === '\\' && at + 1 === chars.length) return undefined
    source += char === '*' ? '[^/]*' : char === '?' ? '[^/]' : codePoint(char === '\\' ? (chars[++at] ?? '') : char)
    at++
  }
  return new RegExp(`${source}$`, 'u')
}

interface ParsedClass {
  readonly source: string
  readonly next: number
}

/** Parses a character class after its `[`; an inverted range (`[z-a]`) is legal and matches nothing. */
function parseClass(chars: readonly string[], start: number): ParsedClass | undefined {
  const negated = chars[start] === '^'
  let at = negated ? start + 1 : start
  let ranges = ''
  for (let count = 0; !(chars[at] === ']' && count > 0); count++) {
    const low = classChar(chars, at)
    if (low === undefined) return undefined
    at = low.next
    let high = low
    if (chars[at] === '-') {
      const end = classChar(chars, at + 1)
      if (end === undefined) return undefined
      high = end
      at = end.next
    }
    if (low.code <= high.code) ranges += `\\u{${low.code.toString(16)}}-\\u{${high.code.toString(16)}}`
  }
  // A class never crosses a slash here: patterns are matched name by name.
  const source = negated ? `[^/${ranges}]` : ranges === '' ? '[]' : `(?!/)[${ranges}]`
  return { source, next: at + 1 }
}

/** One character of a class; after it the class must go on, so the end of the pattern is an error as in Go. */
function classChar(chars: readonly string[], at: number): { readonly code: number; readonly next: number } | undefined {
  if (chars[at] === '-' || chars[at] === ']') return undefined
  const escaped = chars[at] === '\\' ? 1 : 0
  const code = chars[at + escaped]?.codePointAt(0)
  const next = at + escaped + 1
  return code === undefined || next >= chars.length ? undefined : { code, next }
}

function codePoint(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}
