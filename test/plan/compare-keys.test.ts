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
