import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type IgnoreMatcher, parentPath, parseIgnore } from '../../src/base/index.ts'

function matcherOf(text: string): IgnoreMatcher {
  const { matcher, diagnostics } = parseIgnore(text, '.dockerignore')
  expect(diagnostics).toEqual([])
  return matcher
}

interface Verdict {
  readonly rules: string
  readonly excluded: readonly string[]
  readonly taken: readonly string[]
}

/** Random rules and what moby's patternmatcher says, handing hits from parent to child as a docker build does. */
const verdicts: readonly Verdict[] = JSON.parse(readFileSync(join(import.meta.dirname, 'moby-verdicts.json'), 'utf8'))

test('the verdicts of moby’s own matcher', () => {
  expect(verdicts.length).toBeGreaterThan(200)
  for (const { rules, excluded, taken } of verdicts) {
    const matcher = matcherOf(rules)
    for (const path of excluded) expect(matcher.excludes(path), `${rules} on ${path}`).toBe(true)
    for (const path of taken) expect(matcher.excludes(path), `${rules} on ${path}`).toBe(false)
  }
})

describe('documented rules', () => {
  test.each<readonly [string, string, boolean]>([
    ['node_modules', 'node_modules/a/b', true],
    // No implicit "any depth", unlike gitignore.
    ['node_modules', 'app/node_modules', false],
    ['**/node_modules', 'node_modules', true],
    ['**/node_modules', 'app/node_modules/x', true],
    ['/foo/', 'foo/bar', true],
    ['./foo', 'foo', true],
    ['foo/../bar', 'bar', true],
    ['*.md', 'a.md', true],
    ['*.md', 'docs/a.md', false],
    ['*/temp*', 'a/temporary', true],
    ['*/*/temp*', 'a/temp', false],
    ['temp?', 'tempa', true],
    ['temp?', 'temp', false],
    ['*.md\n!README.md', 'README.md', false],
    ['*.md\n!README*.md\nREADME-secret.md', 'README-secret.md', true],
    ['*.md\nREADME-secret.md\n!README*.md', 'README-secret.md', false],
    ['docs\n!docs/README.md', 'docs/README.md', false],
    ['docs\n!docs/README.md', 'docs/other', true],
    ['*\n!src', 'src/deep/file', false],
    ['*\n!src\nsrc/**/*.test.js', 'src/deep/a.test.js', true],
    ['! keep\n', 'keep', false],
    ['a**b', 'a/x/b', true],
    ['a**b', 'axb', false],
    ['abc/**', 'abc', false],
    ['abc/**', 'abc/d/e', true],
    ['[!a]', '!', true],
    ['[^a]', 'b', true],
    ['a(b)+{c}|d$', 'a(b)+{c}|d$', true],
    ['Foo', 'foo', false],
    ['.', 'anything', false],
    ['**', 'any/thing', true],
    ['  spaced  ', 'spaced', true],
    [' # no comment', '# no comment', true],
  ])('%j on %s: %s', (rules, path, excluded) => expect(matcherOf(rules).excludes(path)).toBe(excluded))

  test('comments, blank lines, CRLF and a byte order mark', () => {
    const matcher = matcherOf('\ufeff# comment\r\n\r\n  \r\nfoo\r\n#bar\r\n')
    expect(matcher.rules.map((rule) => [rule.line, rule.text])).toEqual([[4, 'foo']])
    expect(matcherOf('\ufefffoo').excludes('foo')).toBe(true)
  })
})

test('names the rule that decides', () => {
  const matcher = matcherOf('*\n!src\n\nsrc/secret\n')
  expect(matcher.excludedBy('src/secret/key')).toMatchObject({ line: 4, text: 'src/secret' })
  expect(matcher.excludedBy('other')).toMatchObject({ line: 1 })
  expect(matcher.excludedBy('src/a')).toBeUndefined()
})

test.each(['[a', 'a\\', '!', '! ', '[]', '[-a]', '!/', 'a/[b-/c'])(
  '%j is malformed, and the rest still works',
  (bad) => {
    const { matcher, diagnostics } = parseIgnore(`first\n${bad}\nlast`, 'x.dockerignore')
    expect(diagnostics).toHaveLength(1)
    expect(diagnostics[0]).toMatchObject({ code: 'bad-ignore-pattern', severity: 'error', file: 'x.dockerignore' })
    expect(diagnostics[0]?.span).toEqual({ start: 6, end: 6 + bad.length })
    expect(diagnostics[0]?.message).toContain(`"${bad.trim()}"`)
    expect(matcher.excludes('first') && matcher.excludes('last')).toBe(true)
  },
)

describe('pruning', () => {
  test.each([
    ['node_modules\n!*.md', 'node_modules', true],
    ['node_modules\n!README.md', 'node_modules', true],
    ['docs\n!docs/README.md', 'docs', false],
    ['docs\n!docs/a/README.md', 'docs/b', true],
    ['docs\n!**/README.md', 'docs', false],
    ['docs\n!docs/*', 'docs', false],
    ['docs\n!docs/*', 'docs/a', true],
    ['docs\n!docs/**', 'docs/a', false],
    ['docs', 'docs', true],
  ])('%j at %s: %s', (rules, directory, prunes) => expect(matcherOf(rules).canPrune(directory)).toBe(prunes))

  test('never hides a path that is taken', () => {
    const atom = fc.constantFrom('a', 'b', 'ab', '/', '*', '**', '?', '[a-b]', '[^a]')
    const pattern = fc.array(atom, { minLength: 1, maxLength: 5 }).map((atoms) => atoms.join(''))
    const rule = fc.tuple(fc.boolean(), pattern).map(([negated, text]) => `${negated ? '!' : ''}${text}`)
    const path = fc
      .array(fc.constantFrom('a', 'b', 'ab', 'ba'), { minLength: 1, maxLength: 4 })
      .map((names) => names.join('/'))
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), fc.array(path, { maxLength: 6 }), (rules, paths) => {
        const { matcher } = parseIgnore(rules.join('\n'), 'x')
        for (const taken of paths.filter((candidate) => !matcher.excludes(candidate))) {
          for (let above = parentPath(taken); above !== ''; above = parentPath(above)) {
            expect(matcher.excludes(above) && matcher.canPrune(above)).toBe(false)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })
})

test('any text is read without an exception, the same way twice', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.array(fc.string(), { maxLength: 3 }),
      (text, names) => {
        const path = names.map((name) => name.replaceAll('/', '') || 'x').join('/')
        expect(parseIgnore(text, 'x').matcher.excludes(path)).toBe(parseIgnore(text, 'x').matcher.excludes(path))
      },
    ),
  )
})

test('the order of questions does not matter', () => {
  const rules = verdicts.slice(0, 60)
  for (const { rules: text, excluded, taken } of rules) {
    const matcher = matcherOf(text)
    for (const path of [...taken, ...excluded].reverse()) expect(matcher.excludes(path)).toBe(excluded.includes(path))
  }
})

/** Moby's MatchesUsingParentResults line by line, on regular expressions made from the documented rules. */
function plainPort(lines: readonly string[]): (path: string) => boolean {
  const patterns = lines.map((line) => {
    const exclusion = line.startsWith('!')
    const text = exclusion ? line.slice(1) : line
    const source = text.replaceAll(/\*\*\/|\/\*\*$|\*\*|\*|\?|\./g, (part) => {
      if (part === '**/') return '(?:.*/)?'
      if (part === '/**') return '/.*'
      return part === '**' ? '.*' : part === '*' ? '[^/]*' : part === '?' ? '[^/]' : '\\.'
    })
    return { exclusion, regexp: new RegExp(`^${source}$`, 's') }
  })
  return (path) => {
    let parent: readonly boolean[] = []
    let matched = false
    const names = path.split('/')
    for (let depth = 1; depth <= names.length; depth++) {
      const file = names.slice(0, depth).join('/')
      const hits = patterns.map(() => false)
      matched = false
      for (const [index, { exclusion, regexp }] of patterns.entries()) {
        let match = parent[index] ?? false
        if (!match) {
          if (exclusion !== matched) continue
          match = regexp.test(file)
        }
        hits[index] = match
        if (match) matched = !exclusion
      }
      parent = hits
    }
    return matched
  }
}

test('agrees with a plain port of the documented rules on random patterns and paths', () => {
  const name = fc.constantFrom('a', 'b', 'ab', 'a.b', '*', '?', 'a*', '*.b', '**')
  const pattern = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
  const line = fc.tuple(fc.boolean(), pattern).map(([negated, text]) => `${negated ? '!' : ''}${text}`)
  const part = fc.constantFrom('a', 'b', 'ab', 'a.b', 'c.b', 'x')
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), fc.array(path, { maxLength: 8 }), (lines, paths) => {
      const { matcher } = parseIgnore(lines.join('\n'), 'x')
      const expected = plainPort(lines)
      for (const one of paths) expect(matcher.excludes(one), `${lines.join(' ')} on ${one}`).toBe(expected(one))
    }),
    { numRuns: 3000 },
  )
})
