import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../src/dockerfile/index.ts'

describe('parseDuration', () => {
  it.each<[string, number | undefined]>([
    ['0', 0],
    ['30s', 30e9],
    ['1h2m3.5s', 3_723_500_000_000],
    ['.5s', 5e8],
    ['1.s', 1e9],
    ['100ms', 1e8],
    ['5us', 5e3],
    ['5µs', 5e3],
    ['-2ms', -2e6],
    ['5', undefined],
    ['', undefined],
    ['s', undefined],
    ['1d', undefined],
    ['1 s', undefined],
    ['.s', undefined],
  ])('%s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected)
  })
})
