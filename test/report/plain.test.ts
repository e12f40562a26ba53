import { expect, test } from 'vitest'
import type { BuildEvent } from '../../src/build/index.ts'
import { cleanOutput, formatAge, formatBytes, plainReporter, renderTable } from '../../src/report/index.ts'

function text(events: readonly BuildEvent[]): string {
  let written = ''
  const reporter = plainReporter((line) => {
    written += line
  })
  for (const event of events) reporter.report(event)
  return written
}

function output(
  task: string,
  data: string | Uint8Array,
  timeMs: number,
  stream: 'stdout' | 'stderr' = 'stdout',
): BuildEvent {
  return { kind: 'task-output', task, stream, data: Buffer.from(data).toString('base64'), timeMs }
}

test('steps show as BuildKit shows them', () => {
  const shown = text([
    { kind: 'task-start', task: 'a', label: '[1/2] RUN make', timeMs: 1000 },
    output('a', 'one\ntw', 1123),
    output('a', 'o\n', 1200),
    { kind: 'task-start', task: 'b', label: '[2/2] COPY a b', timeMs: 1300 },
    { kind: 'task-end', task: 'b', status: 'cached', durationMs: 0, timeMs: 1300 },
    output('a', 'no end', 1400, 'stderr'),
    { kind: 'task-end', task: 'a', status: 'done', durationMs: 450, timeMs: 1450 },
  ])
  expect(shown).toBe(
    '#1 [1/2] RUN make\n#1 0.123 one\n#1 0.200 two\n#2 [2/2] COPY a b\n#2 CACHED\n\n#1 0.450 no end\n#1 DONE 0.5s\n\n',
  )
})

test('a character that is cut between two chunks is put together', () => {
  const euro = Buffer.from('€\n')
  const shown = text([
    { kind: 'task-start', task: 'a', label: 'x', timeMs: 0 },
    output('a', euro.subarray(0, 1), 0),
    output('a', euro.subarray(1), 0),
  ])
  expect(shown).toContain('€')
})

test('escape sequences of a process do not reach the terminal (security 45)', () => {
  expect(cleanOutput('\x1b[1;31mred\x1b[0m \x1b]0;title\x07ok\r')).toBe('red ok')
  expect(cleanOutput('10%\r50%\r100%')).toBe('100%')
  expect(cleanOutput('a\x07b\x9b1mc')).toBe('a\\x07b\\x9b1mc')
})

test('sizes and ages read as docker prints them', () => {
  expect([0, 999, 1000, 1_982_256, 123_456_789_000].map(formatBytes)).toEqual(['0B', '999B', '1kB', '1.98MB', '123GB'])
  expect([500, 5000, 65_000, 300_000, 3_600_000, 200_000_000, 2_000_000_000].map(formatAge)).toEqual([
    'Less than a second',
    '5 seconds',
    'About a minute',
    '5 minutes',
    'About an hour',
    '2 days',
    '3 weeks',
  ])
})

test('tables have docker columns', () => {
  expect(
    renderTable(
      ['A', 'BB'],
      [
        ['long', 'x'],
        ['s', 'y'],
      ],
    ),
  ).toBe('A      BB\nlong   x\ns      y\n')
})
