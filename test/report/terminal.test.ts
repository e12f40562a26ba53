import { expect, test } from 'vitest'
import type { BuildEvent } from '../../src/build/index.ts'
import { type TerminalReporter, terminalReporter } from '../../src/report/index.ts'

interface Drawn {
  readonly reporter: TerminalReporter
  /** What a terminal shows of everything written so far, and the longest line ever written to it. */
  shown(): readonly string[]
}

/** A terminal that knows what the reporter uses: line ends, cursor up, clear below, wrapping on and off. */
function screen(size: { columns: number; rows: number } = { columns: 40, rows: 10 }, color = false): Drawn {
  const lines: string[] = ['']
  let row = 0
  const write = (text: string): void => {
    for (const [, up, clear, wrap, paint, end, plain] of text.matchAll(
      /\x1b\[(\d+)A\r|(\x1b\[J)|(\x1b\[\?7[lh])|(\x1b\[\d+m)|(\n)|([^\x1b\n]+)/g,
    )) {
      if (up !== undefined) row -= Number(up)
      else if (clear !== undefined) lines.splice(row, lines.length, '')
      else if (end !== undefined) lines[++row] ??= ''
      else if (plain !== undefined) lines[row] += plain
      else expect(wrap ?? paint).toBeDefined()
    }
  }
  return { reporter: terminalReporter({ write, size: () => size, color }), shown: () => lines.slice(0, -1) }
}

const start = (task: string, label: string, timeMs = 0): BuildEvent => ({ kind: 'task-start', task, label, timeMs })
const end = (task: string, status: 'cached' | 'done' | 'failed' | 'canceled', error?: string): BuildEvent => {
  const event = { kind: 'task-end', task, status, durationMs: 1200, timeMs: 1200 } as const
  return error === undefined ? event : { ...event, error }
}
const output = (task: string, data: string | Uint8Array): BuildEvent => {
  return { kind: 'task-output', task, stream: 'stdout', data: Buffer.from(data).toString('base64'), timeMs: 0 }
}

test('what is done stays as one line each, what runs is below it and goes', () => {
  const { reporter, shown } = screen()
  for (const event of [start('a', '[1/3] FROM x'), end('a', 'cached'), start('b', '[2/3] RUN make')])
    reporter.report(event)
  reporter.draw(500)
  expect(shown()).toEqual([' CACHED [1/3] FROM x', '   0.5s [2/3] RUN make', '1 running, 0 done, 1 cached'])
  reporter.report(output('b', 'one\ntwo\nthr'))
  reporter.draw(900)
  expect(shown().slice(1)).toEqual([
    '   0.9s [2/3] RUN make',
    '        | one',
    '        | two',
    '        | thr',
    '1 running, 0 done, 1 cached',
  ])
  reporter.report(end('b', 'done'))
  reporter.report(start('c', '[3/3] COPY a b'))
  reporter.draw(1300)
  reporter.end()
  expect(shown()).toEqual([' CACHED [1/3] FROM x', '   1.2s [2/3] RUN make'])
})

test('a failed step says why, at any length; a canceled one that it was', () => {
  const { reporter, shown } = screen()
  const error = 'process did not complete successfully: exit code: 1'
  for (const event of [start('a', 'RUN x'), end('a', 'failed', error), start('b', 'RUN y'), end('b', 'canceled')])
    reporter.report(event)
  reporter.end()
  expect(shown()).toEqual([`  ERROR RUN x: ${error}`, ' CANCEL RUN y'])
})

test('what moves never wraps and never outgrows the terminal', () => {
  const { reporter, shown } = screen({ columns: 30, rows: 6 })
  for (let task = 0; task < 9; task++) {
    reporter.report(start(`${task}`, `[${task}/9] RUN ${'very '.repeat(20)}long`))
    reporter.report(output(`${task}`, `${'x'.repeat(100)}\n`.repeat(9)))
  }
  reporter.draw(100)
  expect(shown()).toHaveLength(5)
  expect(shown().at(-1)).toBe('9 running, 5 more, 0 done, 0…')
  for (const line of shown()) expect(line.length).toBeLessThan(30)
})

test('a download tells how far it is', () => {
  const { reporter, shown } = screen({ columns: 60, rows: 9 })
  reporter.report(start('p', 'pull app:1'))
  const moved = { kind: 'task-progress', task: 'p', timeMs: 0 } as const
  reporter.report({ ...moved, name: 'a', bytes: 500, totalBytes: 1000 })
  reporter.report({ ...moved, name: 'b', bytes: 1500, totalBytes: 2000 })
  reporter.draw(100)
  expect(shown()[0]).toBe('   0.1s pull app:1  2kB / 3kB')
  reporter.report({ ...moved, name: 'c', bytes: 1 })
  reporter.draw(100)
  expect(shown()[0]).toBe('   0.1s pull app:1  2kB')
})

test('escape sequences of a process do not reach the terminal, characters cut in two do (security 45)', () => {
  const { reporter, shown } = screen({ columns: 60, rows: 9 })
  const euro = Buffer.from('1 €\n')
  reporter.report(start('a', 'RUN \x1b[2Jx\ny'))
  reporter.report(output('a', '\x1b[5Aup \x1b]0;title\x07\n10%\r50%'))
  reporter.report(output('a', `\r99%\n`))
  reporter.report(output('a', euro.subarray(0, 3)))
  reporter.report(output('a', euro.subarray(3)))
  reporter.draw(0)
  expect(shown().slice(0, 4)).toEqual(['   0.0s RUN \\x1b[2Jx y', '        | up ', '        | 99%', '        | 1 €'])
})

test('colors only where they are wanted', () => {
  const painted: string[] = []
  const reporter = terminalReporter({
    write: (text) => painted.push(text),
    size: () => ({ columns: 40, rows: 9 }),
    color: true,
  })
  reporter.report(start('a', 'RUN x'))
  reporter.report(end('a', 'done'))
  reporter.end()
  expect(painted).toEqual(['\x1b[32m   1.2s\x1b[0m RUN x\n'])
})
