import { describe, expect, it } from 'vitest'
import { parsePorts } from '../../src/ir/exposed-ports.ts'

describe('parsePorts', () => {
  it.each<[string, readonly string[]]>([
    ['80', ['80/tcp']],
    ['80/UDP', ['80/udp']],
    ['80/', ['80/tcp']],
    ['080', ['80/tcp']],
    ['8-10/sctp', ['8/sctp', '9/sctp', '10/sctp']],
    ['1.2.3.4:8080:80', ['80/tcp']],
    ['1.2.3.4::80', ['80/tcp']],
    ['8080:80', ['80/tcp']],
    [':80', ['80/tcp']],
    ['8080-8089:80', ['80/tcp']],
    ['8080-8081:80-81', ['80/tcp', '81/tcp']],
    ['[::1]:8080:80/tcp', ['80/tcp']],
    ['0', ['0/tcp']],
  ])('%j', (text, ports) => {
    expect(parsePorts(text)).toEqual({ kind: 'ports', ports })
  })

  it.each([
    ['', 'invalid containerPort: '],
    ['/tcp', 'invalid containerPort: /tcp'],
    ['65536', 'invalid containerPort: 65536'],
    ['10-8', 'invalid containerPort: 10-8'],
    ['a', 'invalid containerPort: a'],
    ['80:', 'invalid containerPort: 80:'],
    ['80/foo', 'invalid proto: foo'],
    ['80/tcp/udp', 'invalid containerPort: 80/tcp/udp'],
    // What is tolerated in front of the port has to make sense all the same.
    ['x:80', 'invalid hostPort: x'],
    ['70000:80', 'invalid hostPort: 70000'],
    ['80-82:90-91', 'invalid ranges specified for container and host Ports: 90-91 and 80-82'],
    ['1.2.3:4:5', 'invalid IP address: 1.2.3'],
    ['1.2.3.256:4:5', 'invalid IP address: 1.2.3.256'],
    ['::1:80:81', 'invalid IP address: ::1'],
    ['[::x]:80:81', 'invalid IP address: [::x]'],
  ])('refuses %j', (text, message) => {
    expect(parsePorts(text)).toEqual({ kind: 'wrong', message })
  })
})
