import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openContext } from '../../src/context/index.ts'
import { makeActor, runAs, unavailable } from '../support/actor.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { contextWith, digest, landing, missing, open, select, write } from './context-folder.ts'

describe('what sources select', () => {
  const tree = {
    'a.txt': 'a',
    'b.txt': 'b',
    'src/main.ts': 'm',
    'src/deep/x.ts': 'x',
    'src/deep/y.js': 'y',
    '.hidden': 'h',
  }

  test.each([
    [['a.txt'], ['=a.txt']],
    [['/a.txt'], ['=a.txt']],
    [['../../a.txt'], ['=a.txt']],
    [['a.txt/'], ['=a.txt']],
    [['src'], ['deep', 'deep/x.ts', 'deep/y.js', 'main.ts']],
    [['src/'], ['deep', 'deep/x.ts', 'deep/y.js', 'main.ts']],
    [['src/./deep/../main.ts'], ['=src/main.ts']],
    [['*.txt'], ['=a.txt', '=b.txt']],
    [['*'], ['=.hidden', '=a.txt', '=b.txt', 'deep', 'deep/x.ts', 'deep/y.js', 'main.ts']],
    [['src/*'], ['x.ts', 'y.js', '=src/main.ts']],
    [['src/*/*.ts'], ['=src/deep/x.ts']],
    [['*/deep'], ['x.ts', 'y.js']],
    [['none*'], []],
    [
      ['a.txt', '*.txt'],
      ['=a.txt', '=a.txt', '=b.txt'],
    ],
    [['[ab].txt'], ['=a.txt', '=b.txt']],
    [['.'], ['.hidden', 'a.txt', 'b.txt', 'src', 'src/deep', 'src/deep/x.ts', 'src/deep/y.js', 'src/main.ts']],
  ])('%j', (sources, expected) => {
    const context = contextWith(tree)
    expect(landing(select(open(context), ...sources))).toEqual(expected)
  })

  test('a literal that is missing is told, with the nearest name', () => {
    const context = open(contextWith(tree))
    expect(missing(context, 'a.txt', 'src/mian.ts', 'zzz', 'src/dep/x.ts')).toEqual([
      { pattern: 'src/mian.ts', span: { start: 1, end: 2 }, nearest: 'src/main.ts' },
      { pattern: 'zzz', span: { start: 2, end: 3 } },
      { pattern: 'src/dep/x.ts', span: { start: 3, end: 4 }, nearest: 'src/deep/x.ts' },
    ])
    expect(missing(context, 'a.txt/below')).toEqual([{ pattern: 'a.txt/below', span: { start: 0, end: 1 } }])
    expect(missing(context, '[a')).toEqual([{ pattern: '[a', span: { start: 0, end: 1 }, malformed: true }])
  })

  test('a pattern may match nothing, but what stands in front of its wildcard must be there', () => {
    const context = contextWith({ ...tree, '.dockerignore': 'src\n' })
    expect(missing(open(context), 'no/such/dir/*', 'src/*.ts')).toMatchObject([
      { pattern: 'no/such/dir' },
      { pattern: 'src', excludedBy: { rule: 'src' } },
    ])
  })

  test('an ignore rule is named as the reason', () => {
    const context = contextWith({ ...tree, '.dockerignore': '# mine\nsrc\n!src/deep/x.ts\n' })
    expect(missing(open(context), 'src/main.ts')[0]?.excludedBy).toEqual({
      file: '.dockerignore',
      line: 2,
      rule: 'src',
    })
    expect(landing(select(open(context), 'src'))).toEqual(['deep', 'deep/x.ts'])
    expect(landing(select(open(context), 'src/*'))).toEqual(['x.ts'])
    write(context, { '.dockerignore': 'src\n!src/deep/nothing\n' })
    expect(missing(open(context), 'src')[0]?.excludedBy).toEqual({ file: '.dockerignore', line: 1, rule: 'src' })
    expect(landing(select(open(context), 'sr*'))).toEqual([])
    write(context, { '.dockerignore': 'src/**\n' })
    expect(landing(select(open(context), 'src'))).toEqual([])
  })

  test('names that are no UTF-8 are kept apart', () => {
    const context = contextWith({})
    for (const byte of [0xfe, 0xff])
      writeFileSync(Buffer.concat([Buffer.from(`${context}/n`), Buffer.of(byte)]), `${byte}`)
    const selection = select(open(context), '.')
    expect(landing(selection)).toEqual(['n\udcfe', 'n\udcff'])
    expect(selection.sizeBytes).toBe(6)
  })
})

describe('symlinks', () => {
  test('a source that is one, or goes through one, is followed inside the root', () => {
    const context = contextWith({ 'real/file': 'f', 'real/sub/x': 'x' })
    symlinkSync('real', join(context, 'relative'))
    symlinkSync('/real/file', join(context, 'absolute'))
    symlinkSync('../../../../../../real/sub', join(context, 'real/far'))
    const opened = open(context)
    expect(landing(select(opened, 'relative'))).toEqual(['far', 'file', 'sub', 'sub/x'])
    expect(landing(select(opened, 'relative/sub/x'))).toEqual(['=relative/sub/x'])
    expect(select(opened, 'absolute').sources[0]?.matches[0]).toMatchObject({
      path: 'absolute',
      resolved: 'real/file',
      type: 'file',
    })
    expect(landing(select(opened, 'real/far'))).toEqual(['x'])
    expect(landing(select(opened, 'a*'))).toEqual(['=absolute'])
  })

  test('none leads out of the context', () => {
    const context = contextWith({ 'd/x': 'x' })
    symlinkSync('/etc/passwd', join(context, 'passwd'))
    symlinkSync('/etc', join(context, 'd/etc'))
    const opened = open(context)
    expect(missing(opened, 'passwd', 'd/etc/passwd')).toHaveLength(2)
    expect(select(opened, 'd').sources[0]?.matches[0]?.entries).toMatchObject([
      { path: 'etc', target: '/etc' },
      { path: 'x' },
    ])
    expect(select(opened, 'd').files).toBe(1)
  })

  test('circles and dangling ones are missing, patterns do not go through them', () => {
    const context = contextWith({ 'd/x': 'x' })
    symlinkSync('loop', join(context, 'loop'))
    symlinkSync('nowhere', join(context, 'dangling'))
    symlinkSync('d', join(context, 'link'))
    const opened = open(context)
    expect(missing(opened, 'loop', 'dangling', 'dangl*', 'loop/x', 'loop/*', 'dangling/*')).toHaveLength(6)
    expect(landing(select(opened, '*/x'))).toEqual(['=d/x'])
    expect(landing(select(opened, 'link/*'))).toEqual(['=d/x'])
  })

  test('one that leads to an excluded file leads nowhere', () => {
    const context = contextWith({ 'secret/key': 'k', 'ok/x': 'x', '.dockerignore': 'secret\nhidden' })
    symlinkSync('secret/key', join(context, 'key'))
    symlinkSync('ok', join(context, 'hidden'))
    const opened = open(context)
    expect(missing(opened, 'key')[0]?.excludedBy).toMatchObject({ line: 1 })
    expect(missing(opened, 'hidden/x')).toHaveLength(1)
  })

  test('the context directory itself may be one', () => {
    const context = contextWith({ f: 'f' })
    const link = join(temporaryDirectory(), 'link')
    symlinkSync(context, link)
    expect(digest(link, '.')).toBe(digest(context, '.'))
  })
})

/** Needs the Debian package strace. */
const traceTest = test.skipIf(spawnSync('strace', ['-V']).status !== 0)

describe('the memo', () => {
  traceTest('no file is read twice that did not change, none is missed that did', () => {
    const context = contextWith({ a: 'aaa', b: 'bbb', 'd/c': 'ccc' })
    const memo = join(temporaryDirectory(), 'memo')
    const trace = (directory: string): string[] => readFiles(directory, memo)
    expect(trace(context).sort()).toEqual(['a', 'b', 'd/c'])
    expect(trace(context)).toEqual([])
    const { atime, mtime } = lstatSync(join(context, 'b'))
    writeFileSync(join(context, 'b'), 'BBB')
    utimesSync(join(context, 'b'), atime, mtime)
    expect(trace(context)).toEqual(['b'])
    expect(trace(context)).toEqual([])
  })

  traceTest('a file that changed just now is not believed next time, and is checked when it is copied', () => {
    const context = contextWith({ a: 'aaa' })
    const memo = join(temporaryDirectory(), 'memo')
    const options = { directory: context, dockerfile: join(context, 'Dockerfile'), memoFile: memo }
    const racy = openContext({ ...options, nowMs: () => lstatSync(join(context, 'a')).ctimeMs + 1 })
    const entry = select(racy, 'a').sources[0]?.matches[0]?.entries[0]
    expect(Buffer.from(entry?.verify ?? []).toString('hex')).toMatch(/^[0-9a-f]{64}$/)
    racy.save()
    expect(readFiles(context, memo)).toEqual(['a'])
    expect(select(open(context, memo), 'a').sources[0]?.matches[0]?.entries[0]?.verify).toBeUndefined()
  })

  test('of one build, each file is looked at once', () => {
    const context = contextWith({ 'd/a': 'one' })
    const opened = open(context)
    const first = select(opened, 'd')
    writeFileSync(join(context, 'd/a'), 'other')
    writeFileSync(join(context, 'd/b'), '')
    expect(select(opened, 'd')).toEqual(first)
    expect(select(opened, 'd/a').sizeBytes).toBe(3)
  })

  traceTest('only what is named is looked at', () => {
    const context = contextWith({ 'd/a': 'one', 'big/x': 'x', '.dockerignore': 'd/skip\n', 'd/skip/y': 'y' })
    const seen = openedDirectories(context, join(temporaryDirectory(), 'memo'), 'd')
    expect(seen).toEqual(['d'])
  })
})

/** Files of the context that a build opens, by strace of a process of its own. */
function readFiles(directory: string, memoFile: string): string[] {
  return traced(directory, memoFile, '.').filter((path) => !lstatSync(join(directory, path)).isDirectory())
}

function openedDirectories(directory: string, memoFile: string, source: string): string[] {
  return traced(directory, memoFile, source).filter((path) => lstatSync(join(directory, path)).isDirectory())
}

function traced(directory: string, memoFile: string, source: string): string[] {
  const entry = join(import.meta.dirname, 'select-runner.ts')
  const log = join(temporaryDirectory(), 'strace')
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', entry, directory, memoFile, source]
  const { status, stderr } = spawnSync('strace', ['-f', '-e', 'trace=open,openat', '-o', log, ...node], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  const paths = readFileSync(log, 'utf8').matchAll(/open(?:at)?\((?:AT_FDCWD, )?"([^"]*)".* = \d/g)
  return [...paths]
    .map(([, path = '']) => path)
    .filter((path) => path.startsWith(`${directory}/`) && !path.endsWith('ignore'))
    .map((path) => path.slice(directory.length + 1))
}

describe('what cannot be used', () => {
  test('a context that is missing or no directory', () => {
    const directory = contextWith({ f: '' })
    for (const path of [join(directory, 'none'), join(directory, 'f'), join(directory, 'f/below')]) {
      expect(() => open(path)).toThrow(expect.objectContaining({ code: 'context-not-found', hint: expect.any(String) }))
    }
  })

  test('fifos and sockets are selected and never opened', () => {
    const directory = contextWith({ 'd/f': 'f' })
    execFileSync('mkfifo', [join(directory, 'd/fifo')])
    const types = select(open(directory), 'd').sources[0]?.matches[0]?.entries.map((entry) => entry.node.type)
    expect(types).toEqual(['file', 'fifo'])
  })

  test.skipIf(unavailable('user') !== undefined)('an unreadable file or directory names itself and what to do', () => {
    const directory = contextWith({ 'd/f': 'f', 'e/f': 'f' })
    chmodSync(join(directory, 'd/f'), 0o000)
    chmodSync(join(directory, 'e'), 0o000)
    const actor = makeActor('user', temporaryDirectory())
    const run = (source: string): string => {
      const runner = [join(import.meta.dirname, 'select-runner.ts'), directory, '/nonexistent/memo', source]
      return runAs(actor, [process.execPath, '--disable-warning=ExperimentalWarning', ...runner]).stdout
    }
    expect(run('d')).toMatch(/^context-unreadable: .*"d\/f".*\.dockerignore/)
    expect(run('e')).toMatch(/^context-unreadable: .*"e".*\.dockerignore/)
    chmodSync(join(directory, 'e'), 0o755)
  })
})

test('a cached build loads no system calls and no rule reader for git', () => {
  const context = contextWith({ f: 'f', '.gitignore': 'f' })
  const entry = join(import.meta.dirname, 'select-runner.ts')
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context) } })
    process.argv.push(${JSON.stringify(context)}, '/nonexistent/memo', '.')
    await import(${JSON.stringify(entry)})
    console.log(loaded.filter((url) => /koffi|src.sys|node_modules|git-ignored.ts/.test(url)).join())
    console.log(loaded.length > 5)
  `
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n\ntrue\n$/)
})
