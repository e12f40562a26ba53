import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOf, type FileNode } from '../../src/base/index.ts'
import { FingerprintMemo } from '../../src/context/fingerprint-memo.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function node(changes: Partial<FileNode> = {}): FileNode {
  return {
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: 5,
    device: 66,
    inode: 2 ** 40 + 1,
    links: 1,
    mtimeMs: 1700000000123.4568,
    ctimeMs: 1700000000999.25,
    major: 0,
    minor: 0,
    ...changes,
  }
}

const digest = (text: string): Uint8Array => Buffer.from(digestOf(text).slice(7), 'hex')

test('finds what was recorded, in this build and after saving', () => {
  const file = join(temporaryDirectory(), 'deep/er/memo.bin')
  const memo = new FingerprintMemo(file)
  memo.record('a/b', node(), digest('one'))
  memo.record('ü ☃', node({ inode: 7 }), digest('two'))
  expect(memo.find('a/b', node())).toEqual(digest('one'))
  memo.save()
  const next = new FingerprintMemo(file)
  expect(next.storedCount).toBe(2)
  expect(Buffer.from(next.find('a/b', node()) ?? [])).toEqual(digest('one'))
  expect(Buffer.from(next.find('ü ☃', node({ inode: 7 })) ?? [])).toEqual(digest('two'))
  expect(next.find('a', node())).toBeUndefined()
})

test.each<Partial<FileNode>>([
  { device: 67 },
  { inode: 8 },
  { sizeBytes: 6 },
  { mtimeMs: 1700000000123.457 },
  { ctimeMs: 1700000000999.2502 },
  { mode: 0o755 },
])('a file with another %o is unknown', (changes) => {
  const file = join(temporaryDirectory(), 'memo.bin')
  const memo = new FingerprintMemo(file)
  memo.record('a', node(), digest('one'))
  memo.save()
  expect(memo.find('a', node(changes))).toBeUndefined()
  expect(new FingerprintMemo(file).find('a', node(changes))).toBeUndefined()
})

test('the order in which files are asked for does not matter', () => {
  const file = join(temporaryDirectory(), 'memo.bin')
  const paths = ['a', 'a.b', 'a/b', 'a/b/c', 'b', 'é', 'z/1', 'z/10', 'z/2']
  const memo = new FingerprintMemo(file)
  for (const path of paths) memo.record(path, node(), digest(path))
  memo.save()
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...paths, 'unknown')), (asked) => {
      const next = new FingerprintMemo(file)
      for (const path of asked) {
        const found = next.find(path, node())
        expect(found === undefined ? 'unknown' : Buffer.from(found)).toEqual(path === 'unknown' ? path : digest(path))
      }
    }),
    { numRuns: 200 },
  )
})

test('nothing is written when nothing is new', () => {
  const directory = temporaryDirectory()
  new FingerprintMemo(join(directory, 'memo.bin')).save()
  expect(readdirSync(directory)).toEqual([])
})

test('any damage makes the memo empty, and it is rebuilt', () => {
  const file = join(temporaryDirectory(), 'memo.bin')
  const memo = new FingerprintMemo(file)
  for (let index = 0; index < 20; index++) memo.record(`f${index}`, node({ inode: index }), digest(`${index}`))
  memo.save()
  const whole = readFileSync(file)
  const damage = fc.oneof(
    fc.nat(whole.length - 1).map((at) => {
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] ?? 0) ^ 0x40
      return bytes
    }),
    fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.concat([whole, bytes])),
  )
  fc.assert(
    fc.property(damage, (bytes) => {
      writeFileSync(file, bytes)
      expect(new FingerprintMemo(file).storedCount).toBe(0)
    }),
    { numRuns: 200 },
  )
  const rebuilt = new FingerprintMemo(file)
  rebuilt.record('f1', node(), digest('x'))
  rebuilt.save()
  expect(new FingerprintMemo(file).storedCount).toBe(1)
})

test('entries nobody asks for go away in the end, used ones stay', () => {
  const file = join(temporaryDirectory(), 'memo.bin')
  const first = new FingerprintMemo(file)
  first.record('used', node(), digest('u'))
  first.record('idle', node(), digest('i'))
  first.save()
  for (let build = 0; build < 25; build++) {
    const memo = new FingerprintMemo(file)
    expect(memo.find('used', node())).toBeDefined()
    memo.record('new', node({ inode: build }), digest('n'))
    memo.save()
  }
  const last = new FingerprintMemo(file)
  expect(last.find('used', node())).toBeDefined()
  expect(last.find('idle', node())).toBeUndefined()
})

test('a memo that cannot be written or read is an error that says what to do', () => {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'file'), '')
  expect(() => new FingerprintMemo(join(directory, 'file/memo'))).toThrow(
    expect.objectContaining({ code: 'store-failed', hint: expect.stringContaining('--root') }),
  )
  const memo = new FingerprintMemo(join(directory, 'gone/memo'))
  memo.record('a', node(), digest('a'))
  writeFileSync(join(directory, 'gone'), '')
  expect(() => memo.save()).toThrow(expect.objectContaining({ code: 'store-failed' }))
})
