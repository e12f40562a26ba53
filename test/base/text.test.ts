import { expect, test } from 'vitest'
import { nearest, positionAt, redactUrl, sanitizeForTerminal, sourceFile } from '../../src/base/index.ts'

test('nearest finds a likely misspelling and nothing else', () => {
  const words = ['build', 'bundle', 'RUN', 'COPY', 'WORKDIR']
  expect(nearest('biuld', words)).toBe('build')
  expect(nearest('buid', words)).toBe('build')
  expect(nearest('worKdr', words)).toBe('WORKDIR')
  expect(nearest('elephant', words)).toBeUndefined()
})

test('terminal controls and bidi overrides become visible', () => {
  expect(sanitizeForTerminal('a\x1b[31mb\tc\n\u202ed\x9b')).toBe('a\\x1b[31mb\tc\n\\u{202e}d\\x9b')
})

test('URLs lose user info and query values', () => {
  expect(redactUrl('https://me:secret@host/p?token=abc&x=1')).toBe('https://host/p?token=…&x=…')
  expect(redactUrl('https://me:p@ss@host/a@b')).toBe('https://host/a@b')
  expect(redactUrl('no url at all')).toBe('no url at all')
})

test('offsets become lines and columns, with both kinds of line ends', () => {
  const source = sourceFile('f', 'ab\r\ncd\n\nef')
  expect(positionAt(source, 0)).toEqual({ line: 1, column: 1 })
  expect(positionAt(source, 5)).toEqual({ line: 2, column: 2 })
  expect(positionAt(source, 7)).toEqual({ line: 3, column: 1 })
  expect(positionAt(source, 99)).toMatchObject({ line: 4 })
})
