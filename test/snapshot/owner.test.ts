import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveOwner } from '../../src/snapshot/owner.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function image(): string {
  const root = temporaryDirectory()
  mkdirSync(join(root, 'etc'))
  return root
}

const passwd = 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n'

test('names and numbers', () => {
  const root = image()
  writeFileSync(join(root, 'etc/passwd'), passwd)
  writeFileSync(join(root, 'etc/group'), 'web:x:33:app\n')
  expect(resolveOwner(root, 'app')).toEqual({ uid: 1000, gid: 1001 })
  expect(resolveOwner(root, 'app:web')).toEqual({ uid: 1000, gid: 33 })
  expect(resolveOwner(root, '1000')).toEqual({ uid: 1000, gid: 1000 })
  expect(resolveOwner(root, '5:web')).toEqual({ uid: 5, gid: 33 })
  expect(() => resolveOwner(root, 'nobody')).toThrow(expect.objectContaining({ code: 'user-not-found' }))
  expect(() => resolveOwner(root, 'app:nogroup')).toThrow('"app:nogroup"')
})

test('an image without passwd knows numbers and root', () => {
  const root = temporaryDirectory()
  expect(resolveOwner(root, 'root')).toEqual({ uid: 0, gid: 0 })
  expect(resolveOwner(root, 'root:root')).toEqual({ uid: 0, gid: 0 })
  expect(resolveOwner(root, '7:8')).toEqual({ uid: 7, gid: 8 })
  expect(() => resolveOwner(root, 'app')).toThrow(expect.objectContaining({ code: 'user-not-found' }))
})

test('a passwd symlink is followed inside the image only', () => {
  const root = image()
  mkdirSync(join(root, 'usr'))
  writeFileSync(join(root, 'usr/passwd'), passwd)
  symlinkSync('../../../../usr/passwd', join(root, 'etc/passwd'))
  expect(resolveOwner(root, 'app').uid).toBe(1000)
  const hostile = image()
  symlinkSync('/etc/passwd', join(hostile, 'etc/passwd'))
  // The host's passwd has `daemon`; the image's link leads to itself.
  expect(() => resolveOwner(hostile, 'daemon')).toThrow(expect.objectContaining({ code: 'user-not-found' }))
})

test('a passwd that is a fifo, a directory or a device hangs and harms nothing', () => {
  const fifo = image()
  execFileSync('mkfifo', [join(fifo, 'etc/passwd')])
  const directory = image()
  mkdirSync(join(directory, 'etc/passwd'))
  const endless = image()
  writeFileSync(join(endless, 'etc/passwd'), Buffer.alloc(9 << 20, 'daemon:x:1:1:::\n'))
  for (const root of [fifo, directory, endless]) {
    expect(() => resolveOwner(root, 'daemon')).toThrow(expect.objectContaining({ code: 'user-not-found' }))
    expect(resolveOwner(root, '1:2')).toEqual({ uid: 1, gid: 2 })
  }
})
