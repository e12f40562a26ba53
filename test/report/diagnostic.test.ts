import { describe, expect, it } from 'vitest'
import { type Diagnostic, sourceFile } from '../../src/base/index.ts'
import { renderDiagnostic } from '../../src/report/index.ts'

/** The two lines that show where `part` is. */
function shown(text: string, part: string): readonly string[] {
  const start = text.indexOf(part)
  const span = { start, end: start + part.length }
  const diagnostic: Diagnostic = { code: 'some-code', severity: 'error', message: 'no', file: 'f', span, hint: 'do' }
  return renderDiagnostic(diagnostic, sourceFile('f', text)).split('\n').slice(1, -1)
}

describe('the carets of a diagnostic', () => {
  it('stand under the part', () => {
    expect(shown('FROM a\nCOPY x y\n', 'x')).toEqual(['   2 | COPY x y', '     |      ^'])
  })

  it('keep tabs, so that they line up whatever a tab is wide', () => {
    expect(shown('\tCOPY\tx y', 'x y')).toEqual(['   1 | \tCOPY\tx y', '     | \t    \t^^^'])
  })

  it('are two for a wide character and none for one that is drawn over another', () => {
    expect(shown('LABEL 日本=x y', 'x')).toEqual(['   1 | LABEL 日本=x y', '     |            ^'])
    expect(shown('a 日本 b', '日本')).toEqual(['   1 | a 日本 b', '     |   ^^^^'])
    expect(shown('e\u0301 x', 'x')).toEqual(['   1 | e\u0301 x', '     |   ^'])
    expect(shown('🙂 x', 'x')).toEqual(['   1 | 🙂 x', '     |    ^'])
  })

  it('count controls as they are shown', () => {
    expect(shown('a\x1bb x', 'x')).toEqual(['   1 | a\\x1bb x', '     |        ^'])
  })

  it('take no room for a byte order mark', () => {
    expect(shown('\ufeffFORM a', 'FORM')).toEqual(['   1 | FORM a', '     | ^^^^'])
  })

  it('end with the line', () => {
    expect(shown('RUN a \\\n  b\n', 'a \\\n  b')).toEqual(['   1 | RUN a \\', '     |     ^^^'])
  })

  it('are there for an empty place, and not for an empty line', () => {
    const place: Diagnostic = { code: 'c', severity: 'error', message: 'm', file: 'f', span: { start: 5, end: 5 } }
    expect(renderDiagnostic(place, sourceFile('f', 'ARG a'))).toBe('f:1:6: error: m [c]\n   1 | ARG a\n     |      ^')
    expect(renderDiagnostic(place, sourceFile('f', ''))).toBe('f:1:6: error: m [c]')
  })
})
