import { expect, test } from 'vitest'
import { parseGroup, parsePasswd, resolveFileOwner, resolveUser } from '../../src/base/index.ts'

const passwd = parsePasswd(
  [
    'root:x:0:0:root:/root:/bin/sh',
    '# a comment',
    '',
    'app:x:1000:1001:App:/home/app:/bin/sh',
    'twin:x:1000:7::/twin:',
    '1234:x:55:56::/digits:',
    'broken:x:abc:1::/:',
    'short',
    'huge:x:4294967295:0::/:',
    'bare:x:9:9',
  ].join('\n'),
)
const group = parseGroup('root:x:0:\napp:x:1001:\nwheel:x:10:app,root\nvideo:x:44:app\nbad:x::app\nagain:x:1001:app\n')

test('only lines with a name and numeric ids count', () => {
  expect(passwd.map((entry) => entry.name)).toEqual(['root', 'app', 'twin', '1234', 'bare'])
  expect(group.map((entry) => entry.name)).toEqual(['root', 'app', 'wheel', 'video', 'again'])
})

test.each([
  ['', { uid: 0, gid: 0, groups: [0, 10], home: '/root' }],
  ['app', { uid: 1000, gid: 1001, groups: [1001, 10, 44], home: '/home/app' }],
  ['1000', { uid: 1000, gid: 1001, groups: [1001, 10, 44], home: '/home/app' }],
  ['app:video', { uid: 1000, gid: 44, groups: [44], home: '/home/app' }],
  ['app:77', { uid: 1000, gid: 77, groups: [77], home: '/home/app' }],
  ['4000', { uid: 4000, gid: 0, groups: [0], home: '/' }],
  ['4000:5', { uid: 4000, gid: 5, groups: [5], home: '/' }],
  // Digits are an id, even where a user is called so.
  ['1234', { uid: 1234, gid: 0, groups: [0], home: '/' }],
  ['bare', { uid: 9, gid: 9, groups: [9], home: '/' }],
  [':video', { uid: 0, gid: 44, groups: [44], home: '/root' }],
  ['app:', { uid: 1000, gid: 1001, groups: [1001, 10, 44], home: '/home/app' }],
])('USER %j', (text, expected) => {
  expect(resolveUser(text, passwd, group)).toEqual(expected)
})

test.each(['nobody', 'app:nogroup', 'huge', '4294967295', '99999999999', '-1', 'broken'])(
  'USER %s is unknown',
  (text) => {
    expect(resolveUser(text, passwd, group)).toBeUndefined()
  },
)

test.each([
  ['root', 0, 0],
  ['app', 1000, 1001],
  ['1000', 1000, 1000],
  ['1000:0', 1000, 0],
  ['app:wheel', 1000, 10],
  ['3:root', 3, 0],
  [':app', 0, 1001],
])('--chown=%s', (text, uid, gid) => {
  expect(resolveFileOwner(text, passwd, group)).toEqual({ uid, gid })
})

test('root needs no passwd', () => {
  expect(resolveUser('root', [], [])).toEqual({ uid: 0, gid: 0, groups: [0], home: '/' })
  expect(resolveFileOwner('root:root', [], [])).toEqual({ uid: 0, gid: 0 })
  expect(resolveFileOwner('app', [], [])).toBeUndefined()
})
