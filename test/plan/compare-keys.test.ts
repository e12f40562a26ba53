import { expect, test } from 'vitest'
import { compareKeys } from '../../src/plan/index.ts'

const run = { kind: 'run', args: ['/bin/sh', '-c', 'make'], env: ['A=1', 'B=2'], cwd: '/', rootfs: ['x', 'y'] }

test('equal keys differ in nothing', () => {
  expect(compareKeys(run, { ...run, env: [...run.env] })).toEqual([])
})

test('a variable that changed, one that came and one that went are named each', () => {
  expect(compareKeys(run, { ...run, env: ['A=2', 'C=x=y'] })).toEqual([
    { kind: 'variable', name: 'A', before: '1', after: '2' },
    { kind: 'variable', name: 'B', before: '2' },
    { kind: 'variable', name: 'C', after: 'x=y' },
  ])
})

test('the order of variables counts', () => {
  expect(compareKeys(run, { ...run, env: ['B=2', 'A=1'] })).toEqual([
    { kind: 'part', name: 'order of variables', before: 'A=1 B=2', after: 'B=2 A=1' },
  ])
})

test('the first layer that differs is named, a layer more or less too', () => {
  expect(compareKeys(run, { ...run, rootfs: ['x', 'z'] })).toEqual([{ kind: 'rootfs', layer: 1 }])
  expect(compareKeys(run, { ...run, rootfs: ['x', 'y', 'z'] })).toEqual([{ kind: 'rootfs', layer: 2 }])
  expect(compareKeys(run, { ...run, rootfs: ['x'] })).toEqual([{ kind: 'rootfs', layer: 1 }])
})

test('what the instruction says comes before files, files before the root filesystem', () => {
  const before = { kind: 'copy', destination: '/a', chmod: null, files: 'f', rootfs: ['x'] }
  const after = { kind: 'copy', destination: '/b', chmod: null, files: 'g', rootfs: ['y'] }
  expect(compareKeys(before, after).map((difference) => difference.kind)).toEqual(['part', 'files', 'rootfs'])
})

test('files that one of the keys does not have are a part that differs', () => {
  const before = { kind: 'copy', rootfs: ['x'] }
  expect(compareKeys(before, { ...before, files: 'f' })).toEqual([
    { kind: 'part', name: 'files', before: 'none', after: 'f' },
  ])
})

test('heredocs are told by name, mounts by target, and files of mounts by the mount', () => {
  const inline = (content: string) => ({ kind: 'copy', inline: [{ name: 'X', content }], rootfs: [] })
  expect(compareKeys(inline('a\n'), inline('b\n'))).toEqual([
    { kind: 'part', name: 'heredoc X', before: 'a\n', after: 'b\n' },
  ])
  const bind = { kind: 'bind', target: '/m', readonly: true }
  const cache = { kind: 'cache', target: '/c', readonly: false, mode: 493 }
  const mounts = (...list: (typeof bind | typeof cache)[]) => ({ ...run, mounts: list })
  expect(compareKeys(mounts(bind, cache), mounts({ ...bind, readonly: false }))).toEqual([
    { kind: 'part', name: 'mount /m', before: 'type=bind,target=/m,readonly', after: 'type=bind,target=/m' },
    { kind: 'part', name: 'mount /c', before: 'type=cache,target=/c,mode=493', after: 'none' },
  ])
  expect(compareKeys({ ...run, 'mount-files': ['a', 'b'] }, { ...run, 'mount-files': ['a', 'c'] })).toEqual([
    { kind: 'mount-files', mount: 1, before: 'b', after: 'c' },
  ])
  expect(compareKeys({ ...run, 'mount-files': ['a'] }, run)).toEqual([
    { kind: 'part', name: 'mount-files', before: 'a', after: 'none' },
  ])
})
