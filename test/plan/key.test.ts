import { expect, test } from 'vitest'
import type { ContentDigest } from '../../src/base/index.ts'
import type { CopyOperation, InlineFile, Origin, RunMount, RunOperation } from '../../src/ir/index.ts'
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
  security: 'sandbox',
  mounts: [],
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

test('what dates files is part of a key, what dates the image alone is not', () => {
  const plain = stepKey(run, platform, { rootfs }).key
  const dated = [
    stepKey(run, platform, { rootfs, epoch: { seconds: 1, files: 'set' } }).key,
    stepKey(run, platform, { rootfs, epoch: { seconds: 2, files: 'set' } }).key,
    stepKey(run, platform, { rootfs, epoch: { seconds: 1, files: 'lowered' } }).key,
    plain,
  ]
  expect(new Set(dated).size).toBe(dated.length)
  expect(stepKey(run, platform, { rootfs, epoch: { seconds: 1 } }).key).toBe(plain)
})

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

const span = { start: 0, end: 1 }
const secret: RunMount = {
  ...{ kind: 'secret', id: 'x', target: '/run/secrets/x', required: false, mode: 0o400, uid: 0, gid: 0, span },
}
const cache: RunMount = {
  ...{ kind: 'cache', target: '/c', id: 'x', sharing: 'shared', readonly: false, mode: 0o755, uid: 0, gid: 0, span },
}
const bind: RunMount = {
  ...{
    kind: 'bind',
    target: '/b',
    from: { kind: 'context' },
    sources: ['.'],
    sourceSpans: [span],
    readonly: true,
    span,
  },
}
const keyWith = (mount: RunMount, mounts: readonly ContentDigest[] = []): string =>
  stepKey({ ...run, mounts: [mount] }, platform, { rootfs, mounts }).key

test('what a process can tell of its mounts changes the key', () => {
  const keys = [
    stepKey(run, platform, { rootfs }).key,
    stepKey({ ...run, security: 'insecure' }, platform, { rootfs }).key,
    stepKey({ ...run, script: { name: 'E', content: '#!/x', span } }, platform, { rootfs }).key,
    stepKey({ ...run, script: { name: 'E', content: '#!/y', span } }, platform, { rootfs }).key,
    keyWith(secret),
    keyWith({ ...secret, id: 'y' }),
    keyWith({ ...secret, env: 'X' }),
    keyWith({ ...secret, target: '/y' }),
    keyWith({ ...secret, mode: 0o444 }),
    keyWith(cache),
    keyWith({ ...cache, target: '/d' }),
    keyWith({ ...cache, uid: 1 }),
    keyWith({ ...cache, readonly: true }),
    keyWith({ kind: 'tmpfs', target: '/c', span }),
    keyWith({ kind: 'tmpfs', target: '/c', sizeBytes: 1, span }),
    keyWith(bind, [files]),
    keyWith(bind, rootfs),
    keyWith({ ...bind, readonly: false }, [files]),
    stepKey({ ...run, mounts: [secret, cache] }, platform, { rootfs }).key,
  ]
  expect(new Set(keys).size).toBe(keys.length)
})

test('name and sharing of a cache, where bound files were, and whether a secret must be given are left out', () => {
  expect(keyWith({ ...cache, id: 'y', sharing: 'locked' })).toBe(keyWith(cache))
  expect(keyWith({ ...bind, from: { kind: 'stage', stage: 0 }, sources: ['a'] }, [files])).toBe(keyWith(bind, [files]))
  expect(keyWith({ ...secret, required: true })).toBe(keyWith(secret))
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
})
