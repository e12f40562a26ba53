import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyFixes, type Fix } from '../../src/base/index.ts'

const fix = (...edits: readonly [start: number, end: number, text: string][]): Fix => ({
  title: 'fix',
  edits: edits.map(([start, end, text]) => ({ span: { start, end }, text })),
})

test('edits replace, insert and remove at the places of the text as it was', () => {
  const fixes = [fix([4, 4, 'X'], [8, 9, '']), fix([0, 2, 'long'])]
  expect(applyFixes('abcdefghij', fixes)).toEqual({ text: 'longcdXefghj', applied: fixes })
})

test('of fixes that touch, the first is applied, whole', () => {
  const removal = fix([0, 2, ''])
  expect(applyFixes('abcdef', [removal, fix([2, 3, 'X'], [5, 6, 'Y'])])).toEqual({ text: 'cdef', applied: [removal] })
  const insertion = fix([1, 1, 'X'])
  expect(applyFixes('ab', [insertion, fix([1, 1, 'Y'])])).toEqual({ text: 'aXb', applied: [insertion] })
  expect(applyFixes('ab', [fix()])).toEqual({ text: 'ab', applied: [] })
})

test('fixes apart from each other may come in any order', () => {
  const apart = fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 10 })
  fc.assert(
    fc.property(apart, (places) => {
      const text = '.'.repeat(63)
      const fixes = places.map((place) => fix([place * 3, place * 3 + 1, `<${place}>`]))
      const one = applyFixes(text, fixes)
      expect(one.text).toBe(applyFixes(text, fixes.toReversed()).text)
      expect(one.applied).toEqual(fixes)
    }),
  )
})
