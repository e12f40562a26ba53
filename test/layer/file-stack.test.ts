import { chmodSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { FileStack } from '../../src/layer/file-stack.ts'
import { mknod, S_IFCHR, setXattr } from '../../src/sys/index.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))
const options = { overlay: 'trusted' } as const

function layer(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(directory, name)
  mkdirSync(root)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true, mode: 0o755 })
    writeFileSync(join(root, path), text)
  }
  return root
}

const told = (changes: ReturnType<FileStack['add']>): readonly string[] =>
  changes.map(({ kind, path, sizeBytes, files }) => `${kind} ${path} ${sizeBytes}${files === 0 ? '' : ` ${files}`}`)

test('layers on each other: what each does, and what nobody sees in the end', () => {
  const stack = new FileStack()
  const first = layer('first', { 'etc/conf': '12345', 'etc/same': 'x', 'usr/a': 'aaa', 'usr/b': 'bb' })
  expect(told(stack.add(first, options))).toEqual([
    ...['A etc 0', 'A etc/conf 5', 'A etc/same 1', 'A usr 0', 'A usr/a 3', 'A usr/b 2'],
  ])
  const second = layer('second', { 'etc/conf': '123', 'etc/new': 'n' })
  expect(told(stack.add(second, options))).toEqual(['C etc/conf 3', 'A etc/new 1'])
  const third = layer('third', { usr: '', 'etc/conf': '1' })
  expect(told(stack.add(third, options))).toEqual(['C etc/conf 1', 'C usr 0'])
  expect(stack.wasted).toEqual([
    { path: 'etc/conf', sizeBytes: 5, layer: 0, hiddenBy: 1 },
    { path: 'etc/conf', sizeBytes: 3, layer: 1, hiddenBy: 2 },
    { path: 'usr/a', sizeBytes: 3, layer: 0, hiddenBy: 2 },
    { path: 'usr/b', sizeBytes: 2, layer: 0, hiddenBy: 2 },
  ])
  expect([...stack.root.children.keys()]).toEqual(['etc', 'usr'])
})

test('a file with two names is wasted when the last of them is gone', () => {
  const stack = new FileStack()
  const first = layer('links', { one: '1234' })
  linkSync(join(first, 'one'), join(first, 'two'))
  expect(told(stack.add(first, options))).toEqual(['A one 4', 'A two 0'])
  stack.add(layer('links-2', { one: 'x' }), options)
  expect(stack.wasted).toEqual([])
  stack.add(layer('links-3', { two: 'y' }), options)
  expect(stack.wasted).toEqual([{ path: 'two', sizeBytes: 4, layer: 0, hiddenBy: 2 }])
})

test('a directory whose mode is another one is changed', () => {
  const stack = new FileStack()
  stack.add(layer('mode', { 'dir/a': '' }), options)
  const second = layer('mode-2', { 'dir/b': '' })
  chmodSync(join(second, 'dir'), 0o700)
  expect(told(stack.add(second, options))).toEqual(['C dir 0', 'A dir/b 0'])
})

test.skipIf(process.getuid?.() !== 0)('whiteouts, and directories that hide what was there', () => {
  const stack = new FileStack()
  stack.add(
    layer('low', { 'dir/a': '1', 'dir/b': '22', 'dir/sub/c': '333', 'other/d': '4444', 'other/e': '5' }),
    options,
  )
  const upper = layer('upper', { 'dir/a': 'new', 'dir/sub/z': '' })
  setXattr(join(upper, 'dir'), 'trusted.overlay.opaque', Buffer.from('y'))
  mknod(join(upper, 'other'), S_IFCHR, 0n)
  expect(told(stack.add(upper, options))).toEqual([
    ...['C dir/a 3', 'D dir/b 2', 'D dir/sub/c 3', 'A dir/sub/z 0', 'D other 5 2'],
  ])
  expect(stack.wasted.map(({ path, sizeBytes }) => `${path} ${sizeBytes}`).sort()).toEqual([
    ...['dir/a 1', 'dir/b 2', 'dir/sub/c 3', 'other/d 4', 'other/e 1'].sort(),
  ])
})
