import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseChallenges } from '../../src/registry/challenge.ts'

const plain = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])

describe('parseChallenges', () => {
  it.each([
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      [
        [
          'bearer',
          { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
        ],
      ],
    ],
    ['Basic realm="x"', [['basic', { realm: 'x' }]]],
    ['BASIC', [['basic', {}]]],
    [
      'Negotiate, Basic realm=x',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Negotiate abc123==, Bearer realm="r"',
      [
        ['negotiate', {}],
        ['bearer', { realm: 'r' }],
      ],
    ],
    [
      'Bearer realm="a", error="x" , Basic realm="b, Digest c=d"',
      [
        ['bearer', { realm: 'a', error: 'x' }],
        ['basic', { realm: 'b, Digest c=d' }],
      ],
    ],
    ['Bearer Realm="a \\"quoted\\" b"', [['bearer', { realm: 'a "quoted" b' }]]],
    ['Bearer realm = "a" , service = b', [['bearer', { realm: 'a', service: 'b' }]]],
    ['', []],
    [', ,', []],
    ['realm="no scheme"', []],
    ['Bearer realm="unclosed', [['bearer', {}]]],
  ])('reads %s', (header, expected) => {
    expect(plain(header)).toMatchObject(expected)
    expect(plain(header).length).toBeGreaterThanOrEqual(expected.length)
  })

  it('ends for any header', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', ' ', ',', '=', '"', '\\', '~') })),
        (header) => {
          parseChallenges(header)
        },
      ),
    )
  })
})
