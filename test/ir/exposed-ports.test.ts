import { describe, expect, it } from 'vitest'
import { parsePorts } from '../../src/ir/exposed-ports.ts'

describe('parsePorts', () => {
  it.each<[string, readonly string[] | undefined]>([
    ['80', ['80/tcp']],
    ['80/UDP', ['80/udp']],
    ['80/', ['80/tcp']],
    ['080', ['80/tcp']],
    ['8-10/sctp', ['8/sctp', '9/sctp', '10/sctp']],
    ['1.2.3.4:8080:80', ['80/tcp']],
    ['8080:80', ['80/tcp']],
    ['[::1]:8080:80/tcp', ['80/tcp']],
    ['', undefined],
    ['/tcp', undefined],
    ['0', ['0/tcp']],
    ['65536', undefined],
    ['10-8', undefined],
    ['80/foo', undefined],
    ['a', undefined],
    ['80/tcp/udp', undefined],
  ])('%j', (text, expected) => {
    expect(parsePorts(text)).toEqual(expected)
  })
})
