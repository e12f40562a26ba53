import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePattern, replaceMatches, trimPrefix, trimSuffix } from '../../src/ir/glob-pattern.ts'

describe('patterns', () => {
  it('agree with regular expressions', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?', '\\*'), { maxLength: 5 })
    const value = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    fc.assert(
      fc.property(pattern, value, (parts, text) => {
        const glob = parsePattern(parts.join(''), '\\')
        const source = parts.map((part) => (part === '*' ? '.*' : part === '?' ? '.' : part)).join('')
        const whole = new RegExp(`^(?:${source})$`, 's')
        const lengths = Array.from({ length: text.length + 1 }, (_, length) => length)
        const prefixes = lengths.filter((length) => whole.test(text.slice(0, length)))
        const suffixes = lengths.filter((length) => whole.test(text.slice(text.length - length)))
        expect(trimPrefix(glob, text, false)).toBe(text.slice(prefixes[0] ?? 0))
        expect(trimPrefix(glob, text, true)).toBe(text.slice(prefixes.at(-1) ?? 0))
        expect(trimSuffix(glob, text, false)).toBe(text.slice(0, text.length - (suffixes[0] ?? 0)))
        expect(trimSuffix(glob, text, true)).toBe(text.slice(0, text.length - (suffixes.at(-1) ?? 0)))
      }),
      { numRuns: 500 },
    )
  })

  it('does not blow up on many stars', () => {
    const glob = parsePattern(`${'*a'.repeat(30)}*b`, '\\')
    expect(trimPrefix(glob, 'a'.repeat(3000), true)).toBe('a'.repeat(3000))
  })

  it('replaces longest matches, from the left, and takes the replacement literally', () => {
    const replace = (pattern: string, value: string, all: boolean) =>
      replaceMatches(parsePattern(pattern, '\\'), value, '$&', all)
    expect(replace('a*b', 'xabbaby', false)).toBe('x$&y')
    expect(replace('a?', 'abacad', true)).toBe('$&$&$&')
    expect(replace('', 'abc', true)).toBe('abc')
  })
})
