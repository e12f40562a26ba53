import { describe, expect, it } from 'vitest'
import { goDuration, goQuote, goQuoteList, goQuoteNumber } from '../../src/ir/go-format.ts'

describe("Go's formats", () => {
  it('quotes strings', () => {
    expect(goQuote('a"b\\\t\n\x07\x00\x7fé😀\u200b')).toBe('"a\\"b\\\\\\t\\n\\a\\x00\\x7fé😀\\u200b"')
    expect(goQuoteList(['a b', 'c'])).toBe('["a b" "c"]')
    expect(goQuoteList([])).toBe('[]')
  })

  it('quotes numbers as characters', () => {
    expect([0, 3, 10, 39, 40, 40_000].map(goQuoteNumber)).toEqual([
      "'\\x00'",
      "'\\x03'",
      "'\\n'",
      "'\\''",
      "'('",
      "'鱀'",
    ])
  })

  it.each([
    [0, '0s'],
    [1.5e9, '1.5s'],
    [90e9, '1m30s'],
    [7380e9, '2h3m0s'],
    [1e8, '100ms'],
    [1_500_000, '1.5ms'],
    [1500, '1.5µs'],
    [12, '12ns'],
    [3_600_000_000_001, '1h0m0.000000001s'],
  ])('prints %i nanoseconds as %s', (nanoseconds, expected) => {
    expect(goDuration(nanoseconds)).toBe(expected)
  })
})
