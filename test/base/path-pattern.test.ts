import { posix } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baseName, cleanPath, compileGlob, hasWildcards, parentPath, pathNames } from '../../src/base/index.ts'

describe('cleanPath', () => {
  test.each([
    ['', '.'],
    ['.', '.'],
    ['a//b/./c/', 'a/b/c'],
    ['a/../..', '..'],
    ['../a', '../a'],
    ['/../a', '/a'],
    ['/', '/'],
    ['a/..', '.'],
  ])('%j', (path, cleaned) => expect(cleanPath(path)).toBe(cleaned))

  test('agrees with a lexical normalizer, and is idempotent', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', '.', '..', '', '/'), { maxLength: 8 })
      .map((parts) => parts.join('/'))
    fc.assert(
      fc.property(path, (text) => {
        const expected = posix.normalize(text)
        expect(cleanPath(text)).toBe(expected.length > 1 ? expected.replace(/\/$/, '') : expected)
        expect(cleanPath(cleanPath(text))).toBe(cleanPath(text))
      }),
    )
  })
})

test('pathNames never climbs above its root', () => {
  expect(pathNames('/../../etc/./passwd')).toEqual(['etc', 'passwd'])
  expect(pathNames('.')).toEqual([])
  expect(pathNames('')).toEqual([])
})

test('parts of relative paths', () => {
  expect([parentPath('a/b/c'), parentPath('a')]).toEqual(['a/b', ''])
  expect([baseName('a/b/c'), baseName('a')]).toEqual(['c', 'a'])
})

test('wildcards that are escaped are none', () => {
  expect(['a*', 'a?', '[a]', '\\a*'].every(hasWildcards)).toBe(true)
  expect(['a', 'a\\*', '\\[a]', ''].some(hasWildcards)).toBe(false)
})

describe('compileGlob: the rows of Go’s own table', () => {
  test.each([
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*c', 'abc', true],
    ['a*', 'a', true],
    ['a*', 'ab/c', false],
    ['a*/b', 'abc/b', true],
    ['a*/b', 'a/c/b', false],
    ['a*b*c*d*e*/f', 'axbxcxdxe/f', true],
    ['a*b*c*d*e*/f', 'axbxcxdxe/xxx/f', false],
    ['a*b?c*x', 'abxbbxdbxebxczzx', true],
    ['a*b?c*x', 'abxbbxdbxebxczzy', false],
    ['ab[c]', 'abc', true],
    ['ab[b-d]', 'abc', true],
    ['ab[e-g]', 'abc', false],
    ['ab[^c]', 'abc', false],
    ['ab[^e-g]', 'abc', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'ab', false],
    ['a?b', 'a☺b', true],
    ['a[^a]b', 'a☺b', true],
    ['a???b', 'a☺b', false],
    ['[a-ζ]*', 'α', true],
    ['*[a-ζ]', 'A', false],
    ['a?b', 'a/b', false],
    ['a*b', 'a/b', false],
    ['[\\]a]', ']', true],
    ['[\\-]', '-', true],
    ['[x\\-]', 'z', false],
    ['[[]', '[', true],
    ['*x', 'xxx', true],
    ['[b-a]', 'a', false],
    ['', '', true],
  ])('%j on %j', (pattern, name, expected) => expect(compileGlob(pattern)?.test(name)).toBe(expected))

  test.each(['[]a]', '[-]', '[x-]', '[-x]', '[a-b-c]', '[', '[^', '[^bc', 'a[', 'a\\', '[a\\'])(
    '%j is malformed',
    (pattern) => expect(compileGlob(pattern)).toBeUndefined(),
  )
})
