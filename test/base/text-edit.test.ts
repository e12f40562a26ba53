import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyFixes, type Fix } from '../../src/base/index.ts'

const fix = (...edits: readonly [start: number, end: number, text: string][]): Fix => ({
  title: 'fix',
  edits: edits.map(([start, end, text]) => ({ span: { start, end }, text })),
})

test('edits replace, insert and remove at the places of the text as it was', () => {
  const fixes = [fix([4, 4, 'X'], [8, 9, '']), fix([0, 2, 'long'])]
  expect(applyFixes('abcdefghij', fixes)).toEqual({ text: 'longcdXefghj', applied: 2 })
})

test('of fixes that touch, the first is applied, whole', () => {
  expect(applyFixes('abcdef', [fix([0, 2, '']), fix([2, 3, 'X'], [5, 6, 'Y'])])).toEqual({ text: 'cdef', applied: 1 })
  expect(applyFixes('ab', [fix([1, 1, 'X']), fix([1, 1, 'Y'])])).toEqual({ text: 'aXb', applied: 1 })
  expect(applyFixes('ab', [fix()])).toEqual({ text: 'ab', applied: 0 })
})

test('fixes apart from each other may come in any order', () => {
  const apart = fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 10 })
  fc.assert(
    fc.property(apart, (places) => {
      const text = '.'.repeat(63)
      const fixes = places.map((place) => fix([place * 3, place * 3 + 1, `<${place}>`]))
      const one = applyFixes(text, fixes)
      expect(one).toEqual(applyFixes(text, fixes.toReversed()))
      expect(one.applied).toBe(places.length)
    }),
  )
})
