import { expect, test } from 'vitest'
import { renderExplained, renderPlan } from '../../src/report/index.ts'

test('a plan and its reasons are safe to print, whatever stands in the Dockerfile', () => {
  const label = '[2/2] RUN printf "\x1b]0;title\x07"'
  const causes = [{ kind: 'file', change: 'added', path: 'a\x1b[2J' }] as const
  const plan = renderPlan([{ label, file: 'Dockerfile', line: 2, status: 'MISS', reason: 'a\x1b[2J: added', causes }])
  const why = renderExplained([{ label, file: 'Dockerfile', startLine: 2, verdict: 'MISS', causes }])
  for (const text of [plan, why]) {
    expect(text).not.toContain('\x1b')
    expect(text).toContain('\\x1b]0;title\\x07')
    expect(text).toContain('a\\x1b[2J: added')
  }
})

test('a plan sums up what is known of the steps that would run', () => {
  const entry = { file: 'Dockerfile', line: 1 } as const
  const plan = renderPlan([
    { ...entry, label: 'FROM a', status: 'LOCAL' },
    { ...entry, label: 'COPY b c', status: 'HIT', lastDurationMs: 100, sizeBytes: 2000 },
    { ...entry, label: 'RUN d', status: 'MISS', reason: 'why', lastDurationMs: 1500 },
    { ...entry, label: 'RUN e', status: 'MISS', reason: 'waits for RUN d' },
  ])
  expect(plan).toBe(
    [
      'LOCAL FROM a',
      'HIT   COPY b c  (took 0.1s; 2kB)',
      'MISS  RUN d  (why; took 1.5s)',
      'MISS  RUN e  (waits for RUN d)',
      '',
      '3 steps: 1 HIT, 2 MISS; about 1.5s of work, going by the last run; 1 not known',
      '',
    ].join('\n'),
  )
})
