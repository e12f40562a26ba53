import { describe, expect, test } from 'vitest'
import { longshore, makeActor, unavailable } from '../support/actor.ts'
import { temporaryDirectory } from '../support/temporary.ts'

describe.each(['root', 'user'] as const)('longshore network, as %s', (name) => {
  test.skipIf(unavailable(name))('create, ls, inspect, rm, prune', () => {
    const actor = makeActor(name, temporaryDirectory())
    const id = longshore(actor, ['network', 'create', '--label', 'tier=front', 'web']).stdout.trim()
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    const back = longshore(actor, ['network', 'create', '--subnet', '10.9.0.0/24', '--internal', 'back'])
    expect(back.status).toBe(0)
    expect(longshore(actor, ['network', 'ls', '--format', '{{.Name}} {{.Driver}}']).stdout).toBe(
      'back bridge\nbridge bridge\nhost host\nnone null\nweb bridge\n',
    )
    expect(longshore(actor, ['network', 'ls', '-q', '-f', 'label=tier=front']).stdout).toBe(`${id.slice(0, 12)}\n`)
    const [inspected] = JSON.parse(longshore(actor, ['network', 'inspect', 'back']).stdout)
    expect(inspected).toMatchObject({
      ...{ Name: 'back', Internal: true, Containers: {} },
      IPAM: { Config: [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' }] },
    })
    const removed = longshore(actor, ['network', 'rm', id.slice(0, 8), 'gone'])
    expect([removed.status, removed.stdout]).toEqual([1, `${id.slice(0, 8)}\n`])
    expect(removed.stderr).toContain('there is no network "gone"')
    expect(longshore(actor, ['network', 'prune'], { input: 'n\n' }).stdout).toBe('')
    expect(longshore(actor, ['network', 'prune', '-f']).stdout).toBe('Deleted Networks:\nback\n')
  })

  test.skipIf(unavailable(name))('what cannot be', () => {
    const actor = makeActor(name, temporaryDirectory())
    const fails = (...args: readonly string[]): string => {
      const { status, stderr } = longshore(actor, ['network', ...args])
      expect(status).not.toBe(0)
      return stderr
    }
    longshore(actor, ['network', 'create', '--subnet', '10.9.0.0/24', 'web'])
    expect(fails('create', 'web')).toContain('[name-in-use]')
    expect(fails('create', 'host')).toContain('"host" cannot be the name of a network')
    expect(fails('create', '--subnet', '10.9.0.0/25', 'x')).toContain('overlaps that of the network "web", 10.9.0.0/24')
    expect(fails('create', '--subnet', '10.8.0.0/24', '--gateway', '10.9.0.1', 'x')).toContain(
      '--gateway 10.9.0.1 is no address',
    )
    expect(fails('create', '-d', 'overlay', 'x')).toContain('[not-supported]')
    expect(fails('ls', '-f', 'colour=red')).toContain('there is no filter "colour=red"')
    expect(fails('connect', 'web', 'nobody')).toMatch(/container-not-found|not-supported/)
  })
})
