import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIgnore, type SelectFilesResult, type SelectionRules } from '../../src/base/index.ts'
import { contextWith, landing, open } from '../context/context-folder.ts'

const tree = {
  'top.md': 't',
  'x/a.txt': 'a',
  'x/y/b.txt': 'b',
  'x/y/z/c.md': 'c',
  'x/y/z/d.txt': 'd',
  'w/y/b.txt': 'w',
}

function pick(directory: string, sources: readonly string[], rules: Partial<SelectionRules>): SelectFilesResult {
  return open(directory).select(sources, [], { excludes: [], parents: false, ...rules })
}

function landed(directory: string, sources: readonly string[], rules: Partial<SelectionRules>): readonly string[] {
  const result = pick(directory, sources, rules)
  if (result.kind === 'missing') throw new Error(JSON.stringify(result.missing))
  return landing(result.selection)
}

describe('--parents', () => {
  test.each<[string, readonly string[]]>([
    ['x/a.txt', ['x', 'x/a.txt']],
    ['x/./y/b.txt', ['y', 'y/b.txt']],
    ['*/./y/b.txt', ['y', 'y/b.txt', 'y', 'y/b.txt']],
    ['x/y/z', ['x', 'x/y', 'x/y/z', 'x/y/z/c.md', 'x/y/z/d.txt']],
    ['x/*.txt', ['x', 'x/a.txt']],
    ['**/*.md', ['top.md', 'x', 'x/y', 'x/y/z', 'x/y/z/c.md']],
    ['x/./**/*.txt', ['a.txt', 'y', 'y/b.txt', 'y/z', 'y/z/d.txt']],
    ['none/**', []],
    ['none*/./a', []],
    ['x/y/./', ['b.txt', 'z', 'z/c.md', 'z/d.txt']],
  ])('%s', (source, expected) => expect(landed(contextWith(tree), [source], { parents: true })).toEqual(expected))

  test('all of the context', () => {
    expect(landed(contextWith({ 'a/b': '' }), ['.'], { parents: true })).toEqual(['a', 'a/b'])
  })

  test('a path without wildcards must be there, and is told with the nearest name', () => {
    const directory = contextWith(tree)
    expect(pick(directory, ['x/b.txt', 'x/./y/c', 'none/./x', '[a'], { parents: true })).toEqual({
      kind: 'missing',
      missing: [
        { pattern: 'x/b.txt', span: { start: 0, end: 0 }, nearest: 'x/a.txt' },
        { pattern: 'x/y/c', span: { start: 0, end: 0 }, nearest: 'x/y/z' },
        { pattern: 'none/x', span: { start: 0, end: 0 } },
        { pattern: '[a', span: { start: 0, end: 0 }, malformed: true },
      ],
    })
  })

  test('a kept path goes through no symlink, and a symlink at its end stays one', () => {
    const directory = contextWith(tree)
    symlinkSync('x', join(directory, 'link'))
    expect(pick(directory, ['link/a.txt'], { parents: true }).kind).toBe('missing')
    expect(landed(directory, ['link'], { parents: true })).toEqual(['link'])
    expect(landed(directory, ['link/./a.txt'], { parents: true })).toEqual(['a.txt'])
  })

  test('ignore rules and --exclude still count', () => {
    const directory = contextWith({ ...tree, '.dockerignore': 'x/y/z/c.md' })
    expect(landed(directory, ['**/*.md'], { parents: true })).toEqual(['top.md'])
    expect(landed(directory, ['**/*.txt'], { parents: true, excludes: ['x/y', 'w'] })).toEqual(['x', 'x/a.txt'])
    expect(pick(directory, ['x/y/z/c.md'], { parents: true })).toMatchObject({
      missing: [{ excludedBy: { file: '.dockerignore', line: 1 } }],
    })
  })

  test('what is kept is part of the identity', () => {
    const directory = contextWith(tree)
    const digest = (source: string): string => {
      const result = pick(directory, [source], { parents: true })
      return result.kind === 'selected' ? result.selection.contentDigest : 'missing'
    }
    const [whole, from] = [digest('x/y/b.txt'), digest('x/./y/b.txt')]
    expect(whole).not.toBe(from)
    expect(new Set([whole, from, digest('w/./y/b.txt')]).size).toBe(3)
  })
})

describe('--exclude', () => {
  test.each<[readonly string[], readonly string[]]>([
    [['*.txt'], ['y', 'y/b.txt', 'y/z', 'y/z/c.md', 'y/z/d.txt']],
    [['**/*.txt'], ['y', 'y/z', 'y/z/c.md']],
    [['y'], ['a.txt']],
    [['/y'], ['a.txt']],
    [
      ['y', '!y/z/c.md'],
      ['a.txt', 'y', 'y/z', 'y/z/c.md'],
    ],
    [
      ['y/*', '!y/b.*'],
      ['a.txt', 'y', 'y/b.txt'],
    ],
    [['*'], []],
    [['x'], ['a.txt', 'y', 'y/b.txt', 'y/z', 'y/z/c.md', 'y/z/d.txt']],
    [
      ['$y', '#c', ' '],
      ['a.txt', 'y', 'y/b.txt', 'y/z', 'y/z/c.md', 'y/z/d.txt'],
    ],
  ])('%j is relative to the source', (excludes, expected) => {
    expect(landed(contextWith(tree), ['x'], { excludes })).toEqual(expected)
  })

  test('a source that is a file goes by its name, and must be there all the same', () => {
    const directory = contextWith(tree)
    expect(landed(directory, ['x/*.txt', 'top.md'], { excludes: ['*.md'] })).toEqual(['=x/a.txt'])
    expect(pick(directory, ['gone.md'], { excludes: ['*.md'] }).kind).toBe('missing')
  })

  test('leaves out what an ignore file with the same lines would, whatever the lines', () => {
    const name = fc.constantFrom('a', 'b', 'ab')
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
    const atom = fc.constantFrom('a', 'b', '/', '*', '**', '?', '[ab]')
    const pattern = fc.tuple(fc.constantFrom('', '!'), fc.array(atom, { minLength: 1, maxLength: 4 }))
    const patterns = fc.array(
      pattern.map(([mark, atoms]) => mark + atoms.join('')),
      { maxLength: 3 },
    )
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 6 }), patterns, (paths, excludes) => {
        fc.pre(parseIgnore(excludes.join('\n'), 'x').diagnostics.length === 0)
        const files = paths.filter((one) => !paths.some((other) => other.startsWith(`${one}/`)))
        const texts = Object.fromEntries(files.map((one) => [`src/${one}`, one]))
        const byRules = contextWith({ 'src/keep': '', ...texts })
        const { matcher } = parseIgnore(excludes.join('\n'), 'x')
        const expected = ['keep', ...files].filter((one) => !matcher.excludes(one)).sort()
        const found = landed(byRules, ['src'], { excludes }).filter((one) => one === 'keep' || files.includes(one))
        expect([...found].sort()).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })
})
