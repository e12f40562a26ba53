import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type CgroupFacts, openCgroup, probeCgroups } from '../../src/cgroup/index.ts'
import { parseHierarchies } from '../../src/cgroup/probe-cgroups.ts'
import type { DeviceRule } from '../../src/sys/index.ts'
import { unavailable } from '../support/actor.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const hierarchies = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))

/** Facts of a machine that has only this version, or undefined when this one does not have it. */
function factsOf(version: 'v1' | 'v2'): CgroupFacts | undefined {
  const facts = probeCgroups(true)
  const unified = hierarchies.find((one) => one.version === 'v2')
  const old = facts.controllers.devices
  const devices =
    version === 'v2'
      ? unified && ({ kind: 'there', version, parent: join(unified.mountPoint, 'longshore') } as const)
      : old.kind === 'there' && old.version === version
        ? old
        : undefined
  if (devices === undefined) return undefined
  const none = { kind: 'missing', reason: 'not in this test' } as const
  return {
    layout: version,
    controllers: { memory: none, cpu: none, cpuacct: none, cpuset: none, pids: none, io: none, freezer: none, devices },
  }
}

/** What processes of a group may do with nodes that they make. 10:229 is fuse, 1:3 null. */
function tryNodes(facts: CgroupFacts, devices: readonly DeviceRule[] | undefined): string {
  const directory = temporaryDirectory()
  const group = openCgroup(`test-${randomBytes(6).toString('hex')}`, {}, facts, process.pid, devices)
  onTestFinished(() => group.remove())
  expect(group.notes).toEqual([])
  const script = `cd ${directory}; mknod fuse c 10 229 && mknod disk b 254 0 && mknod null c 1 3 || exit 1
    ( : <>fuse ) 2>/dev/null && echo fuse both; ( : <fuse ) 2>/dev/null && echo fuse read; ( : >null ) 2>/dev/null && echo null`
  const [program = '', ...args] = group.enter(['sh', '-c', script])
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  return stdout
}

// A machine has one of them, or both.
const versions = (['v1', 'v2'] as const).flatMap((version) => {
  const facts = factsOf(version)
  return facts === undefined ? [] : [{ version, facts }]
})

describe.skipIf(unavailable('root')).each(versions)('devices in control groups of $version', ({ facts }) => {
  test('only the usual ones can be opened, whatever nodes are made', () => {
    expect(tryNodes(facts, undefined)).toBe('fuse both\nfuse read\nnull\n')
    expect(tryNodes(facts, [])).toBe('null\n')
  })

  test('and those that were granted, as they were', () => {
    const fuse = { kind: 'char', major: 10, minor: 229, read: true } as const
    expect(tryNodes(facts, [{ ...fuse, write: true }])).toBe('fuse both\nfuse read\nnull\n')
    expect(tryNodes(facts, [{ ...fuse, write: false }])).toBe('fuse read\nnull\n')
  })
})
