import { describe, expect, test } from 'vitest'
import { parseMountFlag, parseTmpfsFlag, parseVolumeFlag } from '../../src/container/mount-flags.ts'
import { parseRestartPolicy, restartDelayMs, restartsAfter } from '../../src/container/restart-policy.ts'
import { signalNumber } from '../../src/container/signals.ts'

const absolute = (path: string): string => `/cwd/${path}`.replace('/./', '/')

describe('mounts', () => {
  test.each([
    ['./data:/data:ro', { kind: 'bind', source: '/cwd/data', target: '/data', readonly: true }],
    ['named:/data', { kind: 'volume', name: 'named', target: '/data', readonly: false, anonymous: false, copy: true }],
    [
      'named:/d:nocopy',
      { kind: 'volume', name: 'named', target: '/d', readonly: false, anonymous: false, copy: false },
    ],
    ['/data', { kind: 'volume', name: '', target: '/data', readonly: false, anonymous: true, copy: true }],
  ])('-v %s', (text, mount) => {
    expect(parseVolumeFlag(text, absolute)).toEqual(mount)
  })

  test.each(['', 'a:b', 'a:/b:c:d', 'a:/', 'a:/b:rx', ':/x'])('-v "%s" is refused', (text) => {
    expect(() => parseVolumeFlag(text, absolute)).toThrow(`"${text}"`)
  })

  test('--mount', () => {
    expect(parseMountFlag('type=bind,src=./a,dst=/a,readonly', absolute)).toEqual({
      ...{ kind: 'bind', source: '/cwd/a', target: '/a', readonly: true },
    })
    expect(parseMountFlag('type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700', absolute)).toEqual({
      ...{ kind: 'tmpfs', target: '/t', sizeBytes: 1 << 20, mode: 0o700 },
    })
    for (const wrong of ['type=bind,target=/a', 'type=nfs,target=/a', 'source=a', 'type=volume,target=/a,x=y'])
      expect(() => parseMountFlag(wrong, absolute)).toThrow(wrong)
  })

  test('--tmpfs', () => {
    expect(parseTmpfsFlag('/run:size=64k,mode=1777,nosuid')).toEqual({
      ...{ kind: 'tmpfs', target: '/run', sizeBytes: 65536, mode: 0o1777 },
    })
    expect(() => parseTmpfsFlag('run')).toThrow('"run"')
  })
})

test('restart policies', () => {
  expect(parseRestartPolicy('on-failure:3')).toEqual({ name: 'on-failure', maximumRetries: 3 })
  for (const wrong of ['always:3', 'sometimes', 'on-failure:x']) expect(() => parseRestartPolicy(wrong)).toThrow(wrong)
  expect(restartsAfter(parseRestartPolicy('on-failure:2'), 1, 1)).toBe(true)
  expect(restartsAfter(parseRestartPolicy('on-failure:2'), 1, 2)).toBe(false)
  expect(restartsAfter(parseRestartPolicy('on-failure'), 0, 0)).toBe(false)
  expect(restartsAfter(parseRestartPolicy('always'), 0, 99)).toBe(true)
  expect(restartDelayMs(undefined, 0)).toBe(100)
  expect(restartDelayMs(100, 0)).toBe(200)
  expect(restartDelayMs(50_000, 0)).toBe(60_000)
  expect(restartDelayMs(50_000, 20_000)).toBe(100)
})

test('signals', () => {
  const texts = ['9', 'KILL', 'SIGKILL', 'sigterm', 'RTMIN+3', 'SIGRTMIN', '65', 'NOPE']
  expect(texts.map(signalNumber)).toEqual([9, 9, 9, 15, 37, 34, undefined, undefined])
})
