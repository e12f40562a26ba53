import { describe, expect, it } from 'vitest'
import { sourceFile } from '../../src/base/index.ts'
import { renderExcerpt } from '../../src/report/index.ts'

const source = sourceFile('Dockerfile', ['FROM a', '', 'RUN b \\', '  c', 'RUN d', '', 'RUN e', ''].join('\n'))
const shown = (start: number, end: number) =>
  renderExcerpt(source, start, end)
    .split('\n')
    .slice(2, -1)
    .map((line) => `${line.slice(7, 10)}${Number(line.slice(0, 5))}`)

describe('renderExcerpt', () => {
  it('shows two lines on either side of one', () => {
    expect(renderExcerpt(source, 5, 5)).toBe(
      [
        'Dockerfile:5',
        '--------------------',
        '   3 |     RUN b \\',
        '   4 |       c',
        '   5 | >>> RUN d',
        '   6 |     ',
        '   7 |     RUN e',
        '--------------------',
      ].join('\n'),
    )
  })

  it('shows one line on either side of several', () => {
    expect(shown(3, 4)).toEqual(['   2', '>>>3', '>>>4', '   5'])
  })

  it('stays inside the file, whose last line end begins a line', () => {
    expect(shown(1, 1)).toEqual(['>>>1', '   2', '   3'])
    expect(shown(7, 7)).toEqual(['   5', '   6', '>>>7', '   8'])
    expect(shown(7, 99)).toEqual(['   6', '>>>7', '>>>8'])
    expect(renderExcerpt(sourceFile('x', 'FROM a\r\n'), 1, 1)).toContain('   1 | >>> FROM a\n   2 |     \n')
  })

  it('shows control characters instead of sending them', () => {
    expect(renderExcerpt(sourceFile('x', 'RUN \x1b[2J'), 1, 1)).toContain('RUN \\x1b[2J')
  })
})
