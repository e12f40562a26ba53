import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ToolError } from '../../src/base/index.ts'
import { familiarName, formatReference, localName, parseReference, withDefaultTag } from '../../src/oci/index.ts'

const digest = `sha256:${'ab'.repeat(32)}`

describe('parseReference', () => {
  it.each([
    ['alpine', 'docker.io', 'library/alpine', undefined, undefined],
    ['alpine:3.20', 'docker.io', 'library/alpine', '3.20', undefined],
    ['docker.io/alpine', 'docker.io', 'library/alpine', undefined, undefined],
    ['index.docker.io/library/alpine', 'docker.io', 'library/alpine', undefined, undefined],
    ['team/app', 'docker.io', 'team/app', undefined, undefined],
    ['localhost/app', 'localhost', 'app', undefined, undefined],
    ['localhost:5000/app:1', 'localhost:5000', 'app', '1', undefined],
    ['host:5000', 'docker.io', 'library/host', '5000', undefined],
    ['[::1]:5000/a/b', '[::1]:5000', 'a/b', undefined, undefined],
    ['ghcr.io/a/b/c:v1_2.x-y', 'ghcr.io', 'a/b/c', 'v1_2.x-y', undefined],
    ['GHCR.io/a', 'GHCR.io', 'a', undefined, undefined],
    [`busybox@${digest}`, 'docker.io', 'library/busybox', undefined, digest],
    [`r.io/a__b/c--d:t@${digest}`, 'r.io', 'a__b/c--d', 't', digest],
  ])('reads %s', (text, registry, repository, tag, digestText) => {
    const reference = parseReference(text)
    expect(reference.registry).toBe(registry)
    expect(reference.repository).toBe(repository)
    expect(reference.tag).toBe(tag)
    expect(reference.digest).toBe(digestText)
  })

  it.each([
    ['', 'empty'],
    ['Alpine', 'lower case'],
    ['MyTeam/app', 'lower case'],
    ['a:', 'tag'],
    ['a:.x', 'tag'],
    [`a:${'t'.repeat(129)}`, 'tag'],
    ['a@sha256:12', 'hexadecimal'],
    [`a@sha512:${'a'.repeat(128)}`, 'sha256'],
    [`a@sha256:${'AB'.repeat(32)}`, 'lower-case'],
    ['ab'.repeat(32), 'image ID'],
    ['https://ghcr.io/a', 'URL'],
    ['a//b', 'empty part'],
    ['a/', 'empty part'],
    ['docker.io/', 'missing'],
    ['-bad.io/a', 'registry host'],
    ['a..b/c', 'registry host'],
    ['r.io:port/a', 'registry host'],
    ['../a', 'registry host'],
    ['a/../b', 'name part'],
    ['a b', 'name part'],
    ['a___b', 'name part'],
    [`r.io/${'a'.repeat(256)}`, 'longer'],
  ])('refuses "%s"', (text, why) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({ code: 'invalid-reference', message: expect.stringContaining(why) }),
    )
    if (text !== '' && text.length < 200) expect(() => parseReference(text)).toThrow(`"${text}"`)
  })

  it('accepts the longest name and tag', () => {
    expect(parseReference(`r.io/${'a'.repeat(255)}:${'t'.repeat(128)}`).tag).toHaveLength(128)
  })
})

const component = fc.stringMatching(/^[a-z0-9]{1,6}([._]|__|-{1,3})?[a-z0-9]{1,4}$/)
const reference = fc
  .tuple(
    fc.constantFrom('', 'docker.io/', 'localhost/', 'localhost:5000/', 'r.example.com/', '[fe80::1]:80/'),
    fc.array(component, { minLength: 1, maxLength: 4 }),
    fc.option(fc.stringMatching(/^\w[\w.-]{0,8}$/)),
    fc.option(fc.constant(digest)),
  )
  .map(
    ([host, path, tag, digestText]) =>
      `${host}${path.join('/')}${tag ? `:${tag}` : ''}${digestText ? `@${digestText}` : ''}`,
  )

describe('names', () => {
  it('familiar and full names read back as the same reference', () => {
    fc.assert(
      fc.property(reference, (text) => {
        const parsed = parseReference(text)
        expect(parseReference(familiarName(parsed))).toEqual(parsed)
        expect(parseReference(formatReference(parsed))).toEqual(parsed)
      }),
    )
  })

  it('never throws anything but invalid-reference', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', '.', '/', ':', '@', '-', '_', 'A') })),
        (text) => {
          try {
            parseReference(text)
          } catch (error) {
            expect(error instanceof ToolError && error.code).toBe('invalid-reference')
          }
        },
      ),
    )
  })

  it.each([
    ['docker.io/library/alpine:3', 'alpine:3'],
    ['docker.io/team/app', 'team/app'],
    ['ghcr.io/a/b:1', 'ghcr.io/a/b:1'],
    ['docker.io/library/a/b', 'library/a/b'],
    ['docker.io/host.com/a', 'docker.io/host.com/a'],
    ['docker.io/localhost/a', 'docker.io/localhost/a'],
  ])('shows %s as %s', (text, shown) => {
    expect(familiarName(parseReference(text))).toBe(shown)
  })

  it('gives a local image one name however it is written', () => {
    for (const text of ['app', 'app:latest', 'docker.io/app', 'docker.io/library/app:latest']) {
      expect(localName(text)).toBe('app:latest')
    }
    expect(localName('localhost:5000/app')).toBe('localhost:5000/app:latest')
    expect(() => localName(`app@${digest}`)).toThrow(expect.objectContaining({ code: 'invalid-reference' }))
  })

  it('adds latest only when nothing is said', () => {
    expect(withDefaultTag(parseReference('a')).tag).toBe('latest')
    expect(withDefaultTag(parseReference('a:1')).tag).toBe('1')
    expect(withDefaultTag(parseReference(`a@${digest}`)).tag).toBeUndefined()
  })
})
