import { expect, test } from 'vitest'
import { parseTime } from '../../src/cli/parse-time.ts'

const now = Date.parse('2026-01-31T12:00:00Z')

test.each([
  ['2026-01-31T11:00:00Z', '2026-01-31T11:00:00.000Z'],
  ['2026-01-31T11:00:00.5+01:00', '2026-01-31T10:00:00.500000000Z'],
  ['1769857200', '2026-01-31T11:00:00.000Z'],
  ['1769857200.25', '2026-01-31T11:00:00.250000000Z'],
  ['1h30m', '2026-01-31T10:30:00.000Z'],
])('%s', (text, time) => {
  expect(parseTime(text, now, '--since')).toBe(time)
})

test('anything else is refused', () => {
  expect(() => parseTime('yesterday', now, '--since')).toThrow('"yesterday"')
})
