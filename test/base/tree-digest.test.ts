import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { digestOf, isDigest, parseDigest, TreeDigest, type TreeEntry } from '../../src/base/index.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

const file: TreeEntry = {
  path: bytes('a'),
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  fileDigest: bytes('x'.repeat(32)),
}

function digest(...entries: readonly TreeEntry[]): string {
  const tree = new TreeDigest()
  for (const entry of entries) tree.add(entry)
  return tree.digest()
}

test('every field of an entry counts', () => {
  const changes: readonly Partial<TreeEntry>[] = [
    { path: bytes('b') },
    { type: 'fifo' },
    { mode: 0o755 },
    { mode: 0o4644 },
    { uid: 1 },
    { gid: 1 },
    { fileDigest: bytes('y'.repeat(32)) },
    { target: bytes('t') },
    { major: 1 },
    { minor: 1 },
    { xattrs: [['security.capability', bytes('v')]] },
    { xattrs: [['security.capability', bytes('w')]] },
  ]
  const all = [digest(file), ...changes.map((change) => digest({ ...file, ...change }))]
  expect(new Set(all).size).toBe(all.length)
})

test('the bytes that are hashed, whatever the sizes', () => {
  const entries: readonly TreeEntry[] = [
    ...Array.from({ length: 3000 }, (_, index) => ({ ...file, path: bytes(`dir/file-${index}`) })),
    { ...file, path: bytes('p'.repeat(100_000)), xattrs: [['user.ü', bytes('v'.repeat(70_000))]] },
    { path: bytes('l'), type: 'symlink', mode: 0o777, uid: 1, gid: 2, target: bytes('t'.repeat(4096)) },
    { path: bytes('d'), type: 'char', mode: 0o600, uid: 0, gid: 0, major: 1, minor: 3 },
  ]
  const hash = createHash('sha256').update('longshore.tree/1\n')
  for (const { path, type, mode, uid, gid, major = 0, minor = 0, target, fileDigest, xattrs = [] } of entries) {
    const shownMode = type === 'symlink' ? 0 : mode
    const lengths = `${path.length} ${target?.length ?? 0} ${fileDigest?.length ?? 0} ${xattrs.length}:`
    hash.update(`${type} ${shownMode} ${uid} ${gid} ${major} ${minor} ${lengths}`)
    for (const part of [path, target, fileDigest]) if (part !== undefined) hash.update(part)
    for (const [name, value] of xattrs) hash.update(`${Buffer.byteLength(name)} ${value.length}:${name}`).update(value)
  }
  expect(digest(...entries)).toBe(`sha256:${hash.digest('hex')}`)
})

test('the mode of a symlink does not count', () => {
  const link: TreeEntry = { path: bytes('l'), type: 'symlink', mode: 0o777, uid: 0, gid: 0, target: bytes('a') }
  expect(digest(link)).toBe(digest({ ...link, mode: 0o755 }))
})

test('paths and targets are framed', () => {
  const a: TreeEntry = { path: bytes('ab'), type: 'symlink', mode: 0, uid: 0, gid: 0, target: bytes('c') }
  expect(digest(a)).not.toBe(digest({ ...a, path: bytes('a'), target: bytes('bc') }))
})

test('only whole lower-case sha256 digests are digests (security 50)', () => {
  expect(isDigest(digestOf('x'))).toBe(true)
  for (const text of [
    '',
    'sha256:',
    'sha256:../../etc/passwd',
    `sha256:${'A'.repeat(64)}`,
    `sha512:${'a'.repeat(64)}`,
    `${digestOf('x')}\n`,
  ]) {
    expect(isDigest(text)).toBe(false)
    expect(() => parseDigest(text)).toThrow('not a sha256 digest')
  }
})
