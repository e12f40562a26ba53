import type { EscapeCharacter } from '../../grammar/index.ts'

/** One element of a pattern in `${v#p}`, `${v%p}`, `${v/p/r}`; there are no bracket classes. */
type PatternItem =
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly kind: 'literal'; readonly char: string }

/** A parsed pattern of `*`, `?`, escaped and plain characters. */
export type GlobPattern = readonly PatternItem[]

/** Reads a pattern; a lone escape character at the end stands for itself. */
export function parsePattern(text: string, escapeCharacter: EscapeCharacter): GlobPattern {
  const items: PatternItem[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '*') items.push({ kind: 'any' })
    else if (char === '?') items.push({ kind: 'one' })
    else if (char === escapeCharacter && at + 1 < text.length) items.push({ kind: 'literal', char: text.charAt(++at) })
    else items.push({ kind: 'literal', char })
  }
  return items
}

/** `value` without its shortest or longest prefix that matches; unchanged when none does. */
export function trimPrefix(pattern: GlobPattern, value: string, longest: boolean): string {
  const length = matchLength(pattern, [...value], longest)
  return length === undefined ? value : [...value].slice(length).join('')
}

/** As `trimPrefix`, at the other end. */
export function trimSuffix(pattern: GlobPattern, value: string, longest: boolean): string {
  const reversed = [...value].reverse()
  const length = matchLength([...pattern].reverse(), reversed, longest)
  return length === undefined ? value : reversed.slice(length).reverse().join('')
}

/** Replaces the first match, or all of them, each as long as it can be. An empty match replaces nothing. */
export function replaceMatches(pattern: GlobPattern, value: string, replacement: string, all: boolean): string {
  const chars = [...value]
  let result = ''
  for (let at = 0; at < chars.length; ) {
    const length = matchLength(pattern, chars.slice(at), true) ?? 0
    if (length === 0) {
      result += chars[at++]
      continue
    }
    result += replacement
    at += length
    if (!all) return result + chars.slice(at).join('')
  }
  return result
}

/** Length of the shortest or longest prefix that matches. All reachable positions are followed at once: no backtracking. */
function matchLength(pattern: GlobPattern, chars: readonly string[], longest: boolean): number | undefined {
  let ends = new Set([0])
  for (const item of pattern) {
    const next = new Set<number>()
    if (item.kind === 'any') for (let at = lowest(ends); at <= chars.length; at++) next.add(at)
    else {
      for (const at of ends) {
        const char = chars[at]
        if (char !== undefined && (item.kind === 'one' || item.char === char)) next.add(at + 1)
      }
    }
    if (next.size === 0) return undefined
    ends = next
  }
  return [...ends].reduce((a, b) => (longest ? Math.max(a, b) : Math.min(a, b)))
}

function lowest(positions: ReadonlySet<number>): number {
  return [...positions].reduce((a, b) => Math.min(a, b))
}
