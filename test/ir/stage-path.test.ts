import { describe, expect, it } from 'vitest'
import { absolutePath, isDirectoryForm } from '../../src/ir/stage-path.ts'

describe('paths of a stage', () => {
  it.each([
    ['/a', '../b/', '/b'],
    ['/a', '/c', '/c'],
    ['/', 'c', '/c'],
    ['/a', '', '/a'],
    ['/a', './b//./c', '/a/b/c'],
    ['/a', '../../../b', '/b'],
  ])('from %s, %j is %s', (from, path, expected) => {
    expect(absolutePath(from, path)).toBe(expected)
  })

  it('knows directory forms', () => {
    for (const path of ['', '.', './', '..', 'a/', 'a/.', '/']) expect(isDirectoryForm(path)).toBe(true)
    for (const path of ['a', 'a.', '...', '.a', 'a/b', 'a/..b']) expect(isDirectoryForm(path)).toBe(false)
  })
})
