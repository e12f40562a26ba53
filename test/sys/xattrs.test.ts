import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { getXattr, listXattrs, removeXattr, SystemCallError, setXattr } from '../../src/sys/index.ts'

function file(): string {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-sys-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'file'), 'x')
  symlinkSync('file', join(folder, 'link'))
  return join(folder, 'file')
}

test('raw bytes go in and come out; what is not there is undefined', () => {
  const path = file()
  const value = Buffer.from([0, 1, 0xff, 0xfe])
  setXattr(path, 'user.binary', value)
  setXattr(Buffer.from(path), 'user.empty', Buffer.alloc(0))
  expect(getXattr(path, 'user.binary')).toEqual(value)
  expect(getXattr(path, 'user.empty')).toEqual(Buffer.alloc(0))
  expect(getXattr(path, 'user.missing')).toBeUndefined()
  expect(listXattrs(path).sort()).toEqual(['user.binary', 'user.empty'])
  removeXattr(path, 'user.binary')
  removeXattr(path, 'user.binary')
  expect(listXattrs(path)).toEqual(['user.empty'])
})

test('a symlink is not followed', () => {
  const path = file()
  setXattr(path, 'user.x', Buffer.from('1'))
  const link = path.replace(/file$/, 'link')
  expect(listXattrs(link)).toEqual([])
  expect(() => setXattr(link, 'user.x', Buffer.from('1'))).toThrow(SystemCallError)
})

test('a missing file is an error with code and path', () => {
  expect(() => listXattrs('/nonexistent')).toThrow(expect.objectContaining({ code: 'ENOENT', path: '/nonexistent' }))
  expect(() => setXattr('/nonexistent', 'user.x', Buffer.from('1'))).toThrow(SystemCallError)
})
