import { expect, test } from 'vitest'
import type { CopyOperation, InlineFile, Origin, RunOperation } from '../../src/ir/index.ts'
import { selectionKey, stepKey } from '../../src/plan/index.ts'
import { paperLayer } from '../support/layers.ts'

const origin: Origin = { file: 'Dockerfile', span: { start: 0, end: 5 }, startLine: 1, endLine: 1, text: 'RUN x' }
const platform = { os: 'linux', architecture: 'amd64' }
const rootfs = [paperLayer('base').contentDigest]
const run: RunOperation = {
  kind: 'run',
  origin,
  args: ['/bin/sh', '-c', 'x'],
  env: ['PATH=/bin', 'A=1'],
  proxyEnv: [],
  cwd: '/',
  user: '',
  network: 'default',
  createdBy: 'RUN x',
}
const copy: CopyOperation = {
  kind: 'copy',
  origin,
  from: { kind: 'context' },
  sources: ['a'],
  sourceSpans: [{ start: 0, end: 1 }],
  destination: '/a',
  unpack: false,
  createdBy: 'COPY a /a',
}
const files = paperLayer('files').contentDigest

function heredoc(name: string, content: string): InlineFile {
  return { name, content, span: { start: 0, end: 1 } }
}

test('everything that changes a RUN changes its key', () => {
  const keys = [
    stepKey(run, platform, { rootfs }),
    stepKey({ ...run, args: ['/bin/sh', '-c', 'y'] }, platform, { rootfs }),
    stepKey({ ...run, args: ['/bin/sh -c', 'x'] }, platform, { rootfs }),
    stepKey({ ...run, env: ['PATH=/bin', 'A=2'] }, platform, { rootfs }),
    stepKey({ ...run, env: ['PATH=/bin'] }, platform, { rootfs }),
    stepKey({ ...run, cwd: '/tmp' }, platform, { rootfs }),
    stepKey({ ...run, user: 'app' }, platform, { rootfs }),
    stepKey({ ...run, hostname: 'i' }, platform, { rootfs }),
    stepKey({ ...run, network: 'none' }, platform, { rootfs }),
    stepKey(run, { ...platform, architecture: 'arm64' }, { rootfs }),
    stepKey(run, platform, { rootfs: [...rootfs, files] }),
    stepKey(run, platform, { rootfs: [] }),
  ].map(({ key }) => key)
  expect(new Set(keys).size).toBe(keys.length)
})

test('what must not change a result is left out of the key', () => {
  const { key } = stepKey(run, platform, { rootfs })
  expect(stepKey({ ...run, proxyEnv: ['HTTP_PROXY=http://p'] }, platform, { rootfs }).key).toBe(key)
  expect(stepKey({ ...run, origin: { ...origin, startLine: 9 }, createdBy: 'other' }, platform, { rootfs }).key).toBe(
    key,
  )
})

test('everything that changes a COPY changes its key, and where the files were does not', () => {
  const keys = [
    stepKey(copy, platform, { rootfs, files }),
    stepKey({ ...copy, destination: '/a/' }, platform, { rootfs, files }),
    stepKey({ ...copy, chown: '1' }, platform, { rootfs, files }),
    stepKey({ ...copy, chmod: '755' }, platform, { rootfs, files }),
    stepKey({ ...copy, unpack: true }, platform, { rootfs, files }),
    stepKey({ ...copy, link: true }, platform, { rootfs, files }),
    stepKey({ ...copy, inline: [heredoc('a', 'x')] }, platform, { rootfs, files }),
    stepKey({ ...copy, inline: [heredoc('a', 'y')] }, platform, { rootfs, files }),
    stepKey({ ...copy, inline: [heredoc('b', 'x')] }, platform, { rootfs, files }),
    stepKey({ ...copy, inline: [heredoc('a', 'x'), heredoc('b', 'x')] }, platform, { rootfs, files }),
    stepKey({ ...copy, inline: [heredoc('b', 'x'), heredoc('a', 'x')] }, platform, { rootfs, files }),
    stepKey({ ...copy, sources: ['a', 'b'], sourceSpans: [] }, platform, { rootfs, files }),
    stepKey(copy, platform, { rootfs, files: paperLayer('other').contentDigest }),
    stepKey(copy, platform, { rootfs: [], files }),
  ].map(({ key }) => key)
  expect(new Set(keys).size).toBe(keys.length)
  const elsewhere: CopyOperation = { ...copy, from: { kind: 'stage', stage: 3 }, sources: ['dir/a'] }
  expect(stepKey(elsewhere, platform, { rootfs, files }).key).toBe(keys[0])
})

test('what a COPY --from picks depends on its sources, its flags and where it looks', () => {
  const keys = [
    selectionKey(copy, rootfs),
    selectionKey({ ...copy, sources: ['b'] }, rootfs),
    selectionKey({ ...copy, rules: { excludes: ['x'], parents: false } }, rootfs),
    selectionKey({ ...copy, rules: { excludes: ['x', 'y'], parents: false } }, rootfs),
    selectionKey({ ...copy, rules: { excludes: [], parents: true } }, rootfs),
    selectionKey(copy, []),
  ]
  expect(new Set(keys).size).toBe(keys.length)
  expect(selectionKey({ ...copy, destination: '/b', chown: '1' }, rootfs)).toBe(keys[0])
})
