/** Files of a selection that git would ignore. */
export interface GitIgnored {
  readonly count: number
  /** The topmost ignored paths, directories with a slash at the end; the fullest first, at most a few. */
  readonly examples: readonly string[]
}
