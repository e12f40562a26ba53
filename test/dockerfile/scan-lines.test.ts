import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sourceFile } from '../../src/base/index.ts'
import { Problems } from '../../src/dockerfile/index.ts'
import { scanLogicalLines } from '../../src/dockerfile/scan-lines.ts'

function scan(text: string, escapeCharacter: '\\' | '`' = '\\') {
  const problems = new Problems('Dockerfile')
  const lines = scanLogicalLines(sourceFile('Dockerfile', text), 0, escapeCharacter, problems)
  return { lines, texts: lines.map((line) => line.text), codes: problems.all.map((problem) => problem.code) }
}

describe('logical lines', () => {
  it.each<[string, string, readonly string[]]>([
    ['joins as text, so a keyword may be split', 'FR\\\nOM a', ['FROM a']],
    ['keeps blanks of continuation lines', 'RUN a \\\n   b', ['RUN a    b']],
    ['drops leading blanks of the first line only', '  \tRUN a', ['RUN a']],
    ['allows blanks behind the escape character', 'RUN a \\  \t\n b', ['RUN a  b']],
    ['does not continue at an escaped escape character', 'RUN a \\\\\nRUN b', ['RUN a \\\\', 'RUN b']],
    ['drops comments inside a continuation', 'RUN a \\\n# c \\\n  # d\n b', ['RUN a  b']],
    ['keeps a # that is not the first character', 'RUN a # b \\\n c', ['RUN a # b  c']],
    ['accepts a dangling escape character at the end', 'RUN a \\', ['RUN a']],
    ['accepts a dangling escape character before the last line end', 'RUN a \\\n', ['RUN a']],
    ['skips blank lines inside a continuation', 'RUN a \\\n\n  \n b', ['RUN a  b']],
    ['reads \\r\\n', 'RUN a \\\r\n b\r\nRUN c\r\n', ['RUN a  b', 'RUN c']],
    ['drops a byte order mark', '\ufeffRUN a', ['RUN a']],
    ['knows no instruction in comments and blanks', '# a\n\n   # b\n', []],
    ['swallows a line of a lone escape character', '\\\nRUN a', ['RUN a']],
    ['continues through a comment that ends in an escape character', 'RUN a \\\n#\\\n b', ['RUN a  b']],
  ])('%s', (_, text, expected) => {
    expect(scan(text).texts).toEqual(expected)
  })

  it('continues at the backtick alone when that is the escape character', () => {
    expect(scan('RUN a `\n b\nRUN dir c:\\\nRUN d', '`').texts).toEqual(['RUN a  b', 'RUN dir c:\\', 'RUN d'])
  })

  it('marks blank lines inside a continuation', () => {
    const [line] = scan('RUN a \\\n\n b').lines
    expect(line?.emptyContinuations).toEqual([{ start: 8, end: 8 }])
  })

  it('spans from the first character to the end of the last line', () => {
    const [first, second] = scan('  RUN a \\\n b  \nRUN c').lines
    expect(first?.span).toEqual({ start: 2, end: 14 })
    expect(second?.span).toEqual({ start: 15, end: 20 })
  })

  it('refuses a line above 65,535 bytes and goes on behind it', () => {
    const fits = `RUN ${'a'.repeat(65_531)}`
    const { texts, codes } = scan(`${fits}\nRUN ${'ä'.repeat(32_766)}\nRUN b`)
    expect(texts).toEqual([fits, 'RUN b'])
    expect(codes).toEqual(['line-too-long'])
  })

  it('maps every joined character to the same character of the source', () => {
    const part = fc.constantFrom(
      'RUN',
      ' ',
      '\\\n',
      '\\ \n',
      '\n',
      '# c',
      '\r\n',
      'x',
      'é',
      '😀',
      '\t',
      '"',
      "'",
      '<<E',
      '\\',
      '`',
    )
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 40 }),
        fc.constantFrom<'\\' | '`'>('\\', '`'),
        (parts, escapeCharacter) => {
          const text = parts.join('')
          for (const line of scan(text, escapeCharacter).lines) {
            let before = -1
            for (let at = 0; at < line.text.length; at++) {
              const source = line.offsets.at(at)
              expect(text[source]).toBe(line.text[at])
              expect(source).toBeGreaterThan(before)
              before = source
            }
            expect(line.span.start).toBe(line.offsets.at(0))
            expect(line.span.end).toBeGreaterThan(before)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
