import type { Diagnostic } from './diagnostic.ts'
import { compileIgnorePattern, type IgnorePattern } from './ignore-pattern.ts'
import { cleanPath, parentPath } from './path-pattern.ts'

/** One line of an ignore file. */
export interface IgnoreRule {
  /** One-based. */
  readonly line: number
  /** The line as written, trimmed. */
  readonly text: string
  /** `!pattern`: takes matching paths in again. */
  readonly negated: boolean
  readonly pattern: IgnorePattern
}

/** Decides which paths of a context an ignore file leaves out. Paths are relative, `/`-separated, without `.` or `..`. */
export interface IgnoreMatcher {
  readonly fileName: string
  readonly rules: readonly IgnoreRule[]
  excludes(path: string): boolean
  /** The rule that leaves the path out, or undefined when it is taken. */
  excludedBy(path: string): IgnoreRule | undefined
  /** The last rule that matched: it excludes the path, or (negated) takes it in again. Undefined when none did. */
  decidingRule(path: string): IgnoreRule | undefined
  /** True when nothing below the excluded directory can be taken again, so that a walk may skip it. */
  canPrune(directory: string): boolean
}

export interface ParsedIgnore {
  readonly matcher: IgnoreMatcher
  /** Malformed patterns; the matcher works without them. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads an ignore file as docker does: `#` starts a comment in column one only, lines are trimmed and cleaned, a leading
 * `/` means nothing, `!` negates, `**` spans directories, the last matching rule wins and a match on a directory covers
 * what is below it. `fileName` is what messages call the file.
 */
export function parseIgnore(text: string, fileName: string): ParsedIgnore {
  const rules: IgnoreRule[] = []
  const diagnostics: Diagnostic[] = []
  let start = 0
  for (const [index, raw] of text.split('\n').entries()) {
    const content = index === 0 ? raw.replace(/^\ufeff/, '') : raw
    const line = content.startsWith('#') ? '' : trimGo(content)
    if (line !== '') {
      const rule = parseRule(line, index + 1)
      if (rule !== undefined) rules.push(rule)
      else diagnostics.push(malformedRule(line, fileName, start, start + raw.length))
    }
    start += raw.length + 1
  }
  return { matcher: new RuleMatcher(fileName, rules), diagnostics }
}

/**
 * A matcher of patterns that come one by one, as --exclude gives them; a blank one is none. `malformed` lists those that
 * are no patterns. `IgnoreRule.line` is the pattern's position, from 1.
 */
export function matchPatterns(patterns: readonly string[]): {
  readonly matcher: IgnoreMatcher
  readonly malformed: readonly string[]
} {
  const rules: IgnoreRule[] = []
  const malformed: string[] = []
  for (const [index, pattern] of patterns.entries()) {
    const text = trimGo(pattern)
    if (text === '') continue
    const rule = parseRule(text, index + 1)
    if (rule === undefined) malformed.push(pattern)
    else rules.push(rule)
  }
  return { matcher: new RuleMatcher('--exclude', rules), malformed }
}

/** What Go's strings.TrimSpace trims: unlike JavaScript's trim, U+0085 and not U+FEFF. */
function trimGo(text: string): string {
  return text.replace(/^(?:[\t-\r\x85]|(?!\ufeff)\s)+|(?:[\t-\r\x85]|(?!\ufeff)\s)+$/g, '')
}

function parseRule(line: string, number: number): IgnoreRule | undefined {
  const marked = line.startsWith('!')
  const body = marked ? trimGo(line.slice(1)) : line
  const cleaned = body === '' ? '' : cleanPath(body)
  const bare = cleaned.length > 1 && cleaned.startsWith('/') ? cleaned.slice(1) : cleaned
  // Trimmed and cleaned again with its mark, as moby does: nothing is left of `!/`, and `/!x` turns out to be a negation.
  const whole = cleanPath(trimGo(marked ? `!${bare}` : bare))
  const negated = whole.startsWith('!')
  const text = negated ? whole.slice(1) : whole
  const pattern = text === '' ? undefined : compileIgnorePattern(text)
  return pattern === undefined ? undefined : { line: number, text: line, negated, pattern }
}

function malformedRule(line: string, fileName: string, start: number, end: number): Diagnostic {
  const lone = /^[!/\s]*$/.test(line)
  return {
    code: 'bad-ignore-pattern',
    severity: 'error',
    message: lone
      ? `"${line}" takes nothing in again: a pattern is expected after "!"`
      : `"${line}" is not a valid pattern: expected a closed [class] and no lone backslash at the end`,
    file: fileName,
    span: { start, end },
    hint: lone
      ? 'remove the line, or write the path after the "!"'
      : 'write a literal [ as [[] and a backslash as \\\\',
  }
}

/** For each rule, whether it matched a directory or one of its parents. */
type Hits = readonly boolean[]

/** Follows moby's MatchesUsingParentResults, which is what decides in a docker build: hits are handed down per rule. */
class RuleMatcher implements IgnoreMatcher {
  readonly fileName: string
  readonly rules: readonly IgnoreRule[]
  readonly #negations: readonly IgnorePattern[]
  readonly #directories = new Map<string, Hits>()
  readonly #noHits: Hits

  constructor(fileName: string, rules: readonly IgnoreRule[]) {
    this.fileName = fileName
    this.rules = rules
    this.#negations = rules.filter((rule) => rule.negated).map((rule) => rule.pattern)
    this.#noHits = rules.map(() => false)
  }

  excludes(path: string): boolean {
    return this.excludedBy(path) !== undefined
  }

  excludedBy(path: string): IgnoreRule | undefined {
    const rule = this.decidingRule(path)
    return rule?.negated === false ? rule : undefined
  }

  decidingRule(path: string): IgnoreRule | undefined {
    if (this.rules.length === 0 || path === '') return undefined
    return this.#match(path, this.#hitsOf(parentPath(path)), undefined)
  }

  canPrune(directory: string): boolean {
    return !this.#negations.some((pattern) => pattern.mayMatchBelow(directory))
  }

  #hitsOf(directory: string): Hits {
    if (directory === '') return this.#noHits
    const known = this.#directories.get(directory)
    if (known !== undefined) return known
    const hits = this.rules.map(() => false)
    this.#match(directory, this.#hitsOf(parentPath(directory)), hits)
    this.#directories.set(directory, hits)
    return hits
  }

  /** Runs all rules on a path whose parent's hits are known; notes the path's own hits in `record`. Returns the last that hit. */
  #match(path: string, parent: Hits, record: boolean[] | undefined): IgnoreRule | undefined {
    let last: IgnoreRule | undefined
    const { rules } = this
    for (let index = 0; index < rules.length; index++) {
      const rule = rules[index]
      if (rule === undefined) continue
      let hit = parent[index] === true
      if (!hit) {
        // A rule that would change nothing is not tried, and so leaves no hit for what is below.
        if (rule.negated !== (last?.negated === false)) continue
        hit = rule.pattern.matches(path)
      }
      if (!hit) continue
      if (record !== undefined) record[index] = true
      last = rule
    }
    return last
  }
}
