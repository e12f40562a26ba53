import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Canonical, canonicalHash } from '../../src/base/index.ts'

const canonical: fc.Arbitrary<Canonical> = fc.letrec<{ value: Canonical }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value

test('different values never share a hash (security 55)', () => {
  fc.assert(
    fc.property(canonical, canonical, (a, b) => {
      const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
      expect(canonicalHash('t/1', a) === canonicalHash('t/1', b)).toBe(same)
    }),
    { numRuns: 500 },
  )
})

test('framing keeps neighbours apart', () => {
  const hashes = [['ab', 'c'], ['a', 'bc'], ['abc'], [['ab'], 'c'], 'abc', { a: 'bc' }].map((value) =>
    canonicalHash('t/1', value),
  )
  expect(new Set(hashes).size).toBe(hashes.length)
  expect(canonicalHash('t/1', 'a')).not.toBe(canonicalHash('t/2', 'a'))
  expect(canonicalHash('t/1', 1)).not.toBe(canonicalHash('t/1', '1'))
})

test('order of keys and absent values do not matter', () => {
  expect(canonicalHash('t/1', { a: 1, b: undefined, c: 2 })).toBe(canonicalHash('t/1', { c: 2, a: 1 }))
})

function sorted(value: Canonical): unknown {
  if (Array.isArray(value)) return value.map((item: Canonical) => sorted(item))
  if (typeof value === 'number') return ['number', String(value)]
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [typeof value, value]
  return [
    'map',
    ...Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item ?? null)]),
  ]
}
