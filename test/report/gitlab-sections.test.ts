import { expect, it } from 'vitest'
import type { BuildEvent } from '../../src/build/index.ts'
import { githubError, githubOutput, gitlabReporter } from '../../src/report/index.ts'

const start = (task: string, timeMs = 1000): BuildEvent => ({ kind: 'task-start', task, label: `RUN ${task}`, timeMs })
const output = (task: string, text: string): BuildEvent => {
  const data = Buffer.from(text).toString('base64')
  return { kind: 'task-output', task, stream: 'stdout', data, timeMs: 2000 }
}
const done = (task: string): BuildEvent => ({ kind: 'task-end', task, status: 'done', durationMs: 2000, timeMs: 3000 })

function written(events: readonly BuildEvent[]): string {
  let text = ''
  const reporter = gitlabReporter((part) => {
    text += part
  }, 'p')
  for (const event of events) reporter.report(event)
  reporter.end()
  return text
}

it('folds a task with output into a section', () => {
  expect(written([start('a'), output('a', 'one\n'), done('a')])).toBe(
    '\x1b[0Ksection_start:1:p_1_a[collapsed=true]\r\x1b[0KRUN a\n#1 RUN a\n#1 1.000 one\n#1 DONE 2.0s\n\n\x1b[0Ksection_end:3:p_1_a\r\x1b[0K\n',
  )
})

it('writes a task without output as it is', () => {
  expect(written([start('a'), done('a')])).toBe('#1 RUN a\n#1 DONE 2.0s\n\n')
})

it('never has one section inside another, loses no line, and goes on with who is still running', () => {
  const text = written([
    ...[start('a'), start('b'), start('c')],
    ...[output('a', '1\n'), output('b', '2\n'), output('c', '3\n'), output('b', '4\n')],
    ...[done('b'), done('a'), output('c', '5\n'), done('c')],
  ])
  const marks = [...text.matchAll(/section_(start|end):\d+:p_\d_(\w)/g)].map(([, kind, task]) => `${kind} ${task}`)
  expect(marks).toEqual(['start a', 'end a', 'start b', 'end b', 'start c', 'end c'])
  const lines = [...text.matchAll(/1\.000 (\d)/g)].map(([, digit]) => digit)
  expect(lines).toEqual(['1', '2', '4', '3', '5'])
})

it('ends what is open when the build is interrupted', () => {
  expect(written([start('a'), output('a', 'x\n'), start('b'), output('b', 'y\n')])).toMatch(
    /section_start:1:p_1_a.*section_end:1:p_1_a.*section_start:1:p_2_b.*#2 1\.000 y.*section_end:1:p_2_b/s,
  )
})

it('lets output open no section', () => {
  const text = written([start('a'), output('a', '\x1b[0Ksection_end:1:p_1_a\r\x1b[0K\n'), done('a')])
  expect(text.match(/\r/g)).toHaveLength(2)
})

it('writes outputs of several lines between marks, and never one that holds its mark', () => {
  expect(githubOutput('a', 'b', 'M')).toBe('a=b\n')
  expect(githubOutput('a', 'b\nc', 'M')).toBe('a<<M\nb\nc\nM\n')
  expect(githubOutput('a', 'b\nM', 'M')).toBeUndefined()
})

it('escapes what would add a command', () => {
  expect(githubError('a,b:c', 'x%\n::y')).toBe('::error title=a%2Cb%3Ac::x%25%0A::y\n')
})
