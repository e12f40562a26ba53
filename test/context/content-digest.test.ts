import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { contextWith, digest, open, select } from './context-folder.ts'

describe('the content digest', () => {
  const base = (): string => {
    const context = contextWith({ 'd/a': 'one', 'd/sub/b': 'two', 'd/empty/x': '' })
    symlinkSync('a', join(context, 'd/link'))
    unlinkSync(join(context, 'd/empty/x'))
    return context
  }
  const changes: Readonly<Record<string, (directory: string) => void>> = {
    content: (d) => writeFileSync(join(d, 'd/a'), 'onf'),
    'content, same size and time': (d) => {
      const { atime, mtime } = lstatSync(join(d, 'd/a'))
      writeFileSync(join(d, 'd/a'), 'onf')
      utimesSync(join(d, 'd/a'), atime, mtime)
    },
    chmod: (d) => chmodSync(join(d, 'd/a'), 0o755),
    'chmod of a directory': (d) => chmodSync(join(d, 'd/sub'), 0o700),
    rename: (d) => renameSync(join(d, 'd/a'), join(d, 'd/c')),
    'rename of a directory': (d) => renameSync(join(d, 'd/sub'), join(d, 'd/sup')),
    'a new file': (d) => writeFileSync(join(d, 'd/new'), ''),
    'a new directory': (d) => mkdirSync(join(d, 'd/newdir')),
    'a file less': (d) => unlinkSync(join(d, 'd/sub/b')),
    'a directory less': (d) => rmSync(join(d, 'd/empty'), { recursive: true }),
    'a symlink elsewhere': (d) => {
      unlinkSync(join(d, 'd/link'))
      symlinkSync('sub/b', join(d, 'd/link'))
    },
    'a file for a symlink': (d) => {
      unlinkSync(join(d, 'd/link'))
      writeFileSync(join(d, 'd/link'), 'one')
    },
    'a hard link for a copy': (d) => {
      writeFileSync(join(d, 'd/sub/b'), 'one')
      const apart = digest(d, 'd')
      unlinkSync(join(d, 'd/sub/b'))
      linkSync(join(d, 'd/a'), join(d, 'd/sub/b'))
      expect(digest(d, 'd')).not.toBe(apart)
    },
    'a fifo for a file': (d) => {
      unlinkSync(join(d, 'd/a'))
      execFileSync('mkfifo', [join(d, 'd/a')])
    },
    'an ignore rule': (d) => writeFileSync(join(d, '.dockerignore'), 'd/a'),
  }

  test.each(Object.keys(changes))('%s changes it, also with a memo', (name) => {
    const context = base()
    const memo = join(temporaryDirectory(), 'memo')
    const first = open(context, memo)
    const before = select(first, 'd').contentDigest
    first.save()
    changes[name]?.(context)
    const after = select(open(context, memo), 'd').contentDigest
    expect(after).not.toBe(before)
    expect(after).toBe(digest(context, 'd'))
  })

  const nothings: Readonly<Record<string, (directory: string) => void>> = {
    'a touch': (d) => utimesSync(join(d, 'd/a'), 1, 1),
    'a touch of a directory': (d) => utimesSync(join(d, 'd/sub'), 1, 1),
    'the same bytes again': (d) => writeFileSync(join(d, 'd/a'), 'one'),
    'a new inode': (d) => {
      writeFileSync(join(d, 'd/tmp'), 'one')
      renameSync(join(d, 'd/tmp'), join(d, 'd/a'))
    },
    'the mode of the directory itself': (d) => chmodSync(join(d, 'd'), 0o700),
    'a file beside it': (d) => writeFileSync(join(d, 'beside'), ''),
    'an excluded file in it': (d) => {
      writeFileSync(join(d, '.dockerignore'), '**/*.log')
      writeFileSync(join(d, 'd/x.log'), '')
    },
  }

  test.each(Object.keys(nothings))('%s does not', (name) => {
    const context = base()
    const before = digest(context, 'd')
    nothings[name]?.(context)
    expect(digest(context, 'd')).toBe(before)
  })

  test.skipIf(process.getuid?.() !== 0)('another owner on the host does not', () => {
    const context = base()
    const before = digest(context, 'd')
    execFileSync('chown', ['-hR', '12:34', context])
    expect(digest(context, 'd')).toBe(before)
  })

  test('the place of a source does not count, the name of a file does, and a directory is no file', () => {
    const context = contextWith({ 'one/f': 'f', 'two/deep/f': 'f', 'two/g': 'f' })
    expect(digest(context, 'one')).toBe(digest(context, 'two/deep'))
    expect(digest(context, 'one/f')).toBe(digest(context, 'two/deep/f'))
    expect(digest(context, 'one/f')).toBe(digest(context, 'one/*'))
    expect(digest(context, 'one/f')).not.toBe(digest(context, 'two/g'))
    expect(digest(context, 'one/f')).not.toBe(digest(context, 'one'))
    expect(digest(context, 'one/f', 'two/g')).not.toBe(digest(context, 'two/g', 'one/f'))
  })
})
