import { compileIgnorePattern } from './ignore-pattern.ts'
import { matchPatterns } from './ignore-rules.ts'
import { parentPath } from './path-pattern.ts'

/** Which paths below a source of COPY count; they are relative to it. */
export interface PathFilter {
  takes(path: string): boolean
  /** True when something below a directory that does not count may. */
  mayTakeBelow(path: string): boolean
}

/** Takes what no pattern of --exclude leaves out. The patterns are known to be well-formed. */
export function excludeFilter(patterns: readonly string[]): PathFilter {
  const { matcher } = matchPatterns(patterns)
  return {
    takes: (path) => !matcher.excludes(path),
    mayTakeBelow: (path) => !matcher.canPrune(path),
  }
}

/**
 * Takes what a pattern of --parents matches, and all that is below; the empty pattern takes everything. Undefined for a
 * malformed pattern.
 */
export function includeFilter(pattern: string): PathFilter | undefined {
  if (pattern === '') return { takes: () => true, mayTakeBelow: () => true }
  const compiled = compileIgnorePattern(pattern)
  if (compiled === undefined) return undefined
  const takes = (path: string): boolean => path !== '' && (compiled.matches(path) || takes(parentPath(path)))
  return { takes, mayTakeBelow: (path) => compiled.mayMatchBelow(path) }
}

/** Takes what both take. */
export function bothFilters(a: PathFilter, b: PathFilter): PathFilter {
  const open = (filter: PathFilter, path: string): boolean => filter.takes(path) || filter.mayTakeBelow(path)
  return {
    takes: (path) => a.takes(path) && b.takes(path),
    mayTakeBelow: (path) => open(a, path) && open(b, path),
  }
}
