import { describe, expect, it } from 'vitest'
import { absolutePath, cleanPath, isDirectoryForm } from '../../src/ir/clean-path.ts'
import { goDuration, goQuote, goQuoteList, goQuoteNumber } from '../../src/ir/go-format.ts'
import { parsePorts } from '../../src/ir/ports.ts'
import { isSignal } from '../../src/ir/stop-signal.ts'

describe('paths', () => {
  it.each([
    ['', '.'],
    ['a//b/./c/../d/', 'a/b/d'],
    ['../../a', '../../a'],
    ['/../../a', '/a'],
    ['/', '/'],
    ['a/..', '.'],
  ])('cleans %j', (path, expected) => {
    expect(cleanPath(path)).toBe(expected)
  })

  it('joins to a directory', () => {
    expect(absolutePath('/a', '../b/')).toBe('/b')
    expect(absolutePath('/a', '/c')).toBe('/c')
    expect(absolutePath('/', 'c')).toBe('/c')
    expect(absolutePath('/a', '')).toBe('/a')
  })

  it('knows directory forms', () => {
    for (const path of ['', '.', './', '..', 'a/', 'a/.', '/']) expect(isDirectoryForm(path)).toBe(true)
    for (const path of ['a', 'a.', '...', '.a', 'a/b', 'a/..b']) expect(isDirectoryForm(path)).toBe(false)
  })
})

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

describe('ports', () => {
  it.each<[string, readonly string[] | undefined]>([
    ['80', ['80/tcp']],
    ['80/UDP', ['80/udp']],
    ['8-10/sctp', ['8/sctp', '9/sctp', '10/sctp']],
    ['1.2.3.4:8080:80', ['80/tcp']],
    ['8080:80', ['80/tcp']],
    ['[::1]:8080:80/tcp', ['80/tcp']],
    ['', undefined],
    ['/tcp', undefined],
    ['0', undefined],
    ['65536', undefined],
    ['10-8', undefined],
    ['80/foo', undefined],
    ['a', undefined],
    ['80/tcp/udp', undefined],
  ])('%j', (text, expected) => {
    expect(parsePorts(text)).toEqual(expected)
  })
})

describe('signals', () => {
  it('knows names and numbers', () => {
    for (const text of ['SIGTERM', 'term', '9', 'SIGRTMIN+3', 'RTMAX-14', 'SIGWINCH']) expect(isSignal(text)).toBe(true)
    for (const text of ['', '0', '65', 'SIGFOO', 'RTMIN+16', '-9', 'SIG']) expect(isSignal(text)).toBe(false)
  })
})
