import { describe, expect, test } from 'vitest'
import { formatMapping, parsePublish, publishExposed } from '../../src/network/index.ts'

describe('-p', () => {
  test.each([
    ['8080:80', ['0.0.0.0:8080->80/tcp']],
    ['80', ['0.0.0.0:0->80/tcp']],
    [':80', ['0.0.0.0:0->80/tcp']],
    ['127.0.0.1:8080:80', ['127.0.0.1:8080->80/tcp']],
    ['127.0.0.1::80', ['127.0.0.1:0->80/tcp']],
    ['[::1]:53:5353/udp', ['[::1]:53->5353/udp']],
    ['9000-9001:80-81', ['0.0.0.0:9000->80/tcp', '0.0.0.0:9001->81/tcp']],
    ['80-81/udp', ['0.0.0.0:0->80/udp', '0.0.0.0:0->81/udp']],
  ])('%s', (text, expected) => {
    expect(parsePublish(text).map(formatMapping)).toEqual(expected)
  })

  test.each([
    ['', 'it names no port'],
    ['80:', 'it names no port'],
    ['x:80', '"x" is not a port'],
    ['0:80', '"0" is not a port'],
    ['80:65536', '"65536" is not a port'],
    ['81-80', 'runs backwards'],
    ['8000-8002:80-81', '3 ports of the machine for 2'],
    ['80/sctp', 'the protocol is "sctp"'],
    ['localhost:80:80', '"localhost" is not an address'],
    ['300.0.0.1:80:80', '"300.0.0.1" is not an address'],
  ])('%j: %s', (text, problem) => {
    expect(() => parsePublish(text)).toThrow(problem)
  })

  test('-P publishes what is exposed', () => {
    expect(publishExposed(['80/tcp', '53/udp']).map(formatMapping)).toEqual(['0.0.0.0:0->80/tcp', '0.0.0.0:0->53/udp'])
  })
})
