import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hostsText, updateHosts, withPeers } from '../../src/network/hosts-file.ts'
import { socketsOn } from '../../src/network/port-owner.ts'
import { resolvText } from '../../src/network/resolv-conf.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const request = {
  ...{ id: 'c1', name: 'web', hostname: 'web', domainname: 'example.org', mode: 'front', ports: [], aliases: [] },
  ...{ addHosts: ['db:10.0.0.5', 'host.docker.internal:host-gateway', 'six=[fe80::1]'] },
  ...{ dns: [], dnsSearch: [], dnsOptions: [] },
}

describe('/etc/hosts', () => {
  test('own name, added hosts, names of others', () => {
    const text = hostsText(request, ['10.1.0.2'], [{ address: '10.1.0.3', names: ['db', 'db-alias'] }], '10.1.0.1')
    expect(text.split('\n').slice(5)).toEqual([
      ...['10.0.0.5\tdb', '10.1.0.1\thost.docker.internal', 'fe80::1\tsix', '10.1.0.2\tweb.example.org web'],
      ...['# containers of the same networks', '10.1.0.3\tdb db-alias', '# end of containers', ''],
    ])
  })

  test('is changed in place, and what the container wrote stays', () => {
    const file = join(mkdtempSync(join(temporaryDirectory(), 'x-')), 'hosts')
    writeFileSync(file, hostsText(request, ['10.1.0.2'], [{ address: '10.1.0.3', names: ['db'] }], '10.1.0.1'))
    const before = statSync(file).ino
    writeFileSync(file, `${readFileSync(file, 'utf8')}1.2.3.4 mine\n`)
    updateHosts(file, [{ address: '10.1.0.9', names: ['cache'] }])
    expect(readFileSync(file, 'utf8')).toMatch(/10\.1\.0\.9\tcache\n# end of containers\n1\.2\.3\.4 mine\n$/)
    updateHosts(file, [])
    expect(readFileSync(file, 'utf8')).not.toContain('containers')
    expect(statSync(file).ino).toBe(before)
    expect(withPeers('a\n', [{ address: '1.1.1.1', names: ['b'] }])).toContain('1.1.1.1\tb')
  })

  test.each(['db', 'db:', ':1.2.3.4', 'db:nowhere'])('--add-host %j is refused', (text) => {
    expect(() => hostsText({ ...request, addHosts: [text] }, [], [], undefined)).toThrow(`--add-host "${text}"`)
  })
})

describe('/etc/resolv.conf', () => {
  const host = 'nameserver 127.0.0.53\nnameserver 10.0.0.53\nsearch example.org\noptions edns0\n'
  const none = { dns: [], dnsSearch: [], dnsOptions: [] }

  test('servers on loopback addresses are left out, the helper comes first', () => {
    expect(resolvText(none, host, undefined)).toBe('nameserver 10.0.0.53\nsearch example.org\noptions edns0\n')
    expect(resolvText(none, host, '10.0.2.3')).toMatch(/^nameserver 10\.0\.2\.3\nnameserver 10\.0\.0\.53\n/)
    expect(resolvText(none, 'nameserver ::1\n', undefined)).toMatch(/^# No name server/)
  })

  test('flags come instead; a dot is no search list', () => {
    const flags = { dns: ['9.9.9.9'], dnsSearch: ['.'], dnsOptions: ['ndots:1'] }
    expect(resolvText(flags, host, '10.0.2.3')).toBe('nameserver 9.9.9.9\noptions ndots:1\n')
  })
})

test('sockets of a port are found in the table of the kernel', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0`
  expect(socketsOn(table, 8080, 'tcp')).toEqual(['socket:[4711]'])
})
