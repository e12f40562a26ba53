import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseSize } from '../../src/base/index.ts'
import { checkLimits, parseCpuSet, parseUlimit, probeCgroups, refusedUlimit } from '../../src/cgroup/index.ts'
import { limitFiles, weightOf } from '../../src/cgroup/limit-files.ts'

describe('sizes and lists', () => {
  test.each([
    ['512m', 512 << 20],
    ['1g', 2 ** 30],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['64K', 65536],
    ['4096', 4096],
    ['10b', 10],
  ])('%s', (text, bytes) => {
    expect(parseSize(text, '--memory')).toBe(bytes)
  })

  test.each(['', 'm', '-1', '1x', '1e3', '0x10'])('%j is no size', (text) => {
    expect(() => parseSize(text, '--memory')).toThrow(`cannot read --memory "${text}"`)
  })

  test('processors', () => {
    expect(parseCpuSet('0-2,4')).toEqual([0, 1, 2, 4])
    expect(parseCpuSet('2-0')).toBeUndefined()
    expect(parseCpuSet('a')).toBeUndefined()
  })
})

describe('limits against each other and the machine', () => {
  test.each([
    [{ memoryBytes: 1 << 20 }, '--memory 1048576 is too little'],
    [{ memorySwapBytes: 1 << 30 }, '--memory-swap needs --memory'],
    [{ memoryBytes: 64 << 20, memorySwapBytes: 32 << 20 }, 'cannot be less than --memory'],
    [{ cpus: 3 }, '--cpus 3 is out of range'],
    [{ cpus: 0 }, '--cpus 0 is out of range'],
    [{ cpuShares: 1 }, '--cpu-shares 1 is out of range'],
    [{ pids: 0 }, '--pids-limit 0 is out of range'],
    [{ cpusetCpus: '0,2' }, '--cpuset-cpus "0,2" names processors that are not there'],
  ])('%j', (limits, message) => {
    expect(() => checkLimits(limits, 2)).toThrow(message)
  })

  test('what fits', () => {
    const limits = { memoryBytes: 64 << 20, memorySwapBytes: -1, cpus: 0.5, cpuShares: 2, pids: -1, cpusetCpus: '0-1' }
    expect(() => checkLimits(limits, 2)).not.toThrow()
  })
})

describe('files of the kernel', () => {
  const limits = { memoryBytes: 1000, cpus: 0.5, cpuShares: 1024, cpusetCpus: '0', pids: -1 }
  const text = (version: 'v1' | 'v2', grows = false): readonly string[] =>
    limitFiles(limits, () => version, grows).map(({ file, value }) => `${file} ${value}`)

  test('version 1', () => {
    const cpu = [
      'cpu.cfs_period_us 100000',
      'cpu.cfs_quota_us 50000',
      'cpu.shares 1024',
      'cpuset.cpus 0',
      'pids.max max',
    ]
    expect(text('v1')).toEqual(['memory.limit_in_bytes 1000', 'memory.memsw.limit_in_bytes 2000', ...cpu])
    expect(text('v1', true)).toEqual(['memory.memsw.limit_in_bytes 2000', 'memory.limit_in_bytes 1000', ...cpu])
  })

  test('version 2 counts swap apart, and has weights for shares', () => {
    const cpu = ['cpu.max 50000 100000', 'cpu.weight 39', 'cpuset.cpus 0', 'pids.max max']
    expect(text('v2')).toEqual(['memory.max 1000', 'memory.swap.max 1000', ...cpu])
    expect([weightOf(2), weightOf(262144)]).toEqual([1, 10000])
  })
})

describe('where control groups are', () => {
  const own = '3:cpu,cpuacct:/a\n1:name=systemd:/\n0::/user.slice/user-1000.slice\n'
  const line = (point: string, type: string, options: string): string =>
    `30 25 0:26 / ${point} rw,relatime shared:9 - ${type} ${type} ${options}\n`

  test('a machine without any says so', () => {
    const facts = probeCgroups(true, { mounts: '', own })
    expect(facts.layout).toBe('none')
    expect(facts.controllers.memory).toEqual({ kind: 'missing', reason: 'this machine has no controller "memory"' })
  })

  test('a covered hierarchy does not count', () => {
    const mounts = `${line('/c/memory', 'cgroup', 'rw,memory')}${line('/c/memory', 'tmpfs', 'rw')}`
    expect(probeCgroups(true, { mounts, own }).layout).toBe('none')
  })

  test('hybrid, and controllers mounted together', () => {
    const mounts = `${line('/nowhere/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct')}${line('/nowhere/unified', 'cgroup2', 'rw')}`
    const facts = probeCgroups(false, { mounts, own })
    expect(facts.layout).toBe('hybrid')
    expect(facts.controllers.cpu).toMatchObject({ kind: 'missing', reason: expect.stringContaining('version 1') })
    expect(facts.controllers.memory).toEqual({
      kind: 'missing',
      reason: 'the controller "memory" is not delegated to this user',
    })
  })
})

describe('limits of processes', () => {
  test('parsed', () => {
    expect(parseUlimit('nofile=1024:4096')).toEqual({ type: 'RLIMIT_NOFILE', soft: 1024, hard: 4096 })
    expect(parseUlimit('core=0')).toEqual({ type: 'RLIMIT_CORE', soft: 0, hard: 0 })
    expect(parseUlimit('stack=8192:unlimited')).toEqual({ type: 'RLIMIT_STACK', soft: 8192, hard: -1 })
  })

  test.each(['nofile', 'nofile=', 'files=3', 'nofile=9:3', 'nofile=-1:3', 'nofile=x', 'nofile=1:2:3'])(
    '%j is none',
    (text) => {
      expect(() => parseUlimit(text)).toThrow(`cannot read --ulimit "${text}"`)
    },
  )

  test('a hard limit above our own is refused beforehand', () => {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const [, hard] = /^Max open files\s+\S+\s+(\d+)/m.exec(limits) ?? []
    const above = parseUlimit(`nofile=${Number(hard) + 1}`)
    expect(refusedUlimit(above, limits, false)).toBe(
      `--ulimit nofile cannot be above ${hard} here: this user may not raise it`,
    )
    expect(refusedUlimit(above, limits, true)).toBeUndefined()
    expect(refusedUlimit(parseUlimit('nofile=64'), limits, false)).toBeUndefined()
  })
})
