import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { compareLayers } from '../../src/layer/index.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))
const options = { overlay: 'trusted', times: false, spareMode: 0 } as const

function tree(name: string): (path: string) => string {
  const root = join(directory, name)
  for (const path of ['', 'dir', 'dir-x']) mkdirSync(join(root, path), { mode: 0o755 })
  return (path) => join(root, path)
}

const [a, b] = [tree('a'), tree('b')]

function both(path: string, first: string | Uint8Array, second: string | Uint8Array): void {
  writeFileSync(a(path), first)
  writeFileSync(b(path), second)
}

test('every way in which two trees can differ is named once, in the order of a tar', () => {
  both('dir/equal', 'same', 'same')
  both('dir/text', 'one\ntwo\nthree\n', 'one\ntWo\nthree\n')
  both('dir-x/bytes', Buffer.from([0, 1, 2, 3]), Buffer.from([0, 1, 9, 3]))
  both('dir-x/first', 'a', 'b')
  both('longer', 'same', 'same and more')
  both('mode', '', '')
  chmodSync(a('mode'), 0o644)
  chmodSync(b('mode'), 0o664)
  writeFileSync(a('only-a'), '')
  writeFileSync(b('only-b'), '')
  symlinkSync('x', a('link'))
  symlinkSync('y', b('link'))
  mkdirSync(a('type'))
  writeFileSync(b('type'), '')
  const found = compareLayers(a(''), b(''), options)
  expect(found).toEqual([
    { path: '"/dir/text"', what: 'content', offset: 5, line: 2, first: 'two', second: 'tWo' },
    { path: '"/dir-x/bytes"', what: 'content', offset: 2, first: '02 03', second: '09 03' },
    { path: '"/dir-x/first"', what: 'content', offset: 0, line: 1, first: 'a', second: 'b' },
    { path: '"/link"', what: 'link', first: '"x"', second: '"y"' },
    { path: '"/longer"', what: 'content', offset: 4, line: 1, first: 'same', second: 'same and more' },
    { path: '"/mode"', what: 'mode', first: '0644', second: '0664' },
    { path: '"/only-a"', what: 'presence', first: 'a file', second: 'not there' },
    { path: '"/only-b"', what: 'presence', first: 'not there', second: 'a file' },
    { path: '"/type"', what: 'type', first: 'directory', second: 'file' },
  ])
  const spared = compareLayers(a(''), b(''), { ...options, spareMode: 0o020 })
  expect(spared.some(({ what }) => what === 'mode')).toBe(false)
  // The other way round a bit is missing, which no umask explains.
  expect(compareLayers(b(''), a(''), { ...options, spareMode: 0o020 }).some(({ what }) => what === 'mode')).toBe(true)
})

test('times count when they are asked for', () => {
  const [c, d] = [tree('c'), tree('d')]
  for (const [at, seconds] of [
    [c, 1_000_000_000],
    [d, 1_000_000_001],
  ] as const) {
    writeFileSync(at('dir/file'), '')
    for (const path of ['dir/file', 'dir', 'dir-x']) utimesSync(at(path), 1_000_000_000, 1_000_000_000)
    utimesSync(at('dir/file'), seconds, seconds)
  }
  expect(compareLayers(c(''), d(''), options)).toEqual([])
  expect(compareLayers(c(''), d(''), { ...options, times: true })).toEqual([
    { path: '"/dir/file"', what: 'time', first: '2001-09-09T01:46:40.000Z', second: '2001-09-09T01:46:41.000Z' },
  ])
})

test('a difference far inside a large file has its place', () => {
  const bytes = Buffer.alloc(300_000, 'line of text\n')
  const [e, f] = [tree('e'), tree('f')]
  writeFileSync(e('big'), bytes)
  bytes[250_000] = 0x58
  writeFileSync(f('big'), bytes)
  const [found] = compareLayers(e(''), f(''), options)
  expect(found?.offset).toBe(250_000)
  expect(found?.line).toBe(Math.floor(250_000 / 13) + 1)
  expect(found?.first).toBe('line of text')
})
