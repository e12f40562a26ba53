import { describe, expect, test } from 'vitest'
import { type NetworkFacts, type NetworkRequest, planNetwork } from '../../src/network/index.ts'

const request: NetworkRequest = {
  ...{ id: 'c1', name: 'web', hostname: 'web', domainname: '', mode: 'bridge', ports: [], aliases: [] },
  ...{ addHosts: [], dns: [], dnsSearch: [], dnsOptions: [] },
}
const port = { hostIp: '', hostPort: 8080, containerPort: 80, protocol: 'tcp' } as const
const root: NetworkFacts = { rungs: [{ rung: 'bridge' }], programs: { ip: '/ip' }, firewall: 'nft', isRoot: true }
const user: NetworkFacts = {
  rungs: [
    { rung: 'bridge', reason: 'only root makes bridges' },
    { rung: 'pasta', reason: '/dev/net/tun may not be opened by this user', mend: 'sudo chmod 0666 /dev/net/tun' },
    { rung: 'slirp4netns' },
  ],
  ...{ programs: { ip: '/ip' }, firewall: undefined, isRoot: false },
}
const known = [
  { name: 'back', internal: true },
  { name: 'front', internal: false },
]

describe('the way a container is connected', () => {
  test('the best rung that works', () => {
    expect(planNetwork(request, root, [])).toMatchObject({ kind: 'bridge', network: 'bridge', notes: [] })
    expect(planNetwork(request, user, [])).toMatchObject({ kind: 'helper', helper: 'slirp4netns' })
    expect(planNetwork({ ...request, mode: 'front' }, user, known)).toMatchObject({
      helper: 'slirp4netns',
      network: 'front',
    })
  })

  test('ports without a network of its own are ignored, and said so', () => {
    for (const mode of ['host', 'none']) {
      expect(planNetwork({ ...request, mode, ports: [port] }, user, []).notes).toEqual([
        expect.stringMatching(/^published ports are ignored/),
      ])
    }
  })

  test('no rung: each reason, and what mends it', () => {
    const none = { ...user, rungs: user.rungs.slice(0, 2) }
    expect(() => planNetwork(request, none, [])).toThrow('pasta: /dev/net/tun may not be opened by this user')
    expect(() => planNetwork(request, none, [])).toThrow(
      expect.objectContaining({
        code: 'network-unavailable',
        hint: expect.stringContaining('sudo chmod 0666 /dev/net/tun'),
      }),
    )
    expect(planNetwork({ ...request, mode: 'host' }, none, []).kind).toBe('host')
  })

  test.each([
    [{ mode: 'gone' }, 'there is no network "gone"'],
    [{ mode: 'container:' }, 'expected --network container:ID'],
    [{ mode: 'container:x', ports: [port] }, '-p contradicts'],
    [{ mode: 'container:x', addHosts: ['a:1.2.3.4'] }, '--add-host contradicts'],
    [{ address: '10.0.0.2' }, '--ip 10.0.0.2 needs a network that you made'],
    [{ aliases: ['db'] }, '--network-alias works in networks that you make'],
  ])('%j', (change, message) => {
    expect(() => planNetwork({ ...request, ...change }, root, known)).toThrow(message)
  })
})
