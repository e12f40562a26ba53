import { describe, expect, test } from 'vitest'
import { parseCacheSource, parseCacheTarget } from '../../src/engine/cache-spec.ts'

test('sources', () => {
  expect(parseCacheSource('ghcr.io/team/app:main')).toEqual({ type: 'registry', ref: 'ghcr.io/team/app:main' })
  expect(parseCacheSource('type=registry,ref=app')).toEqual({ type: 'registry', ref: 'app' })
  expect(parseCacheSource('type=local,"src=/a,b"')).toEqual({ type: 'local', directory: '/a,b' })
})

test('targets', () => {
  const usual = { mode: 'min', compression: { method: 'gzip', force: false }, ignoreError: true }
  expect(parseCacheTarget('app:cache')).toEqual({ address: { type: 'registry', ref: 'app:cache' }, ...usual })
  expect(parseCacheTarget('type=registry,ref=app,oci-mediatypes=true,image-manifest=true')).toEqual({
    address: { type: 'registry', ref: 'app' },
    ...usual,
  })
  expect(
    parseCacheTarget('type=local,dest=d,mode=max,compression=zstd,compression-level=3,ignore-error=false'),
  ).toEqual({
    address: { type: 'local', directory: 'd' },
    mode: 'max',
    compression: { method: 'zstd', level: 3, force: false },
    ignoreError: false,
  })
})

describe('what is refused names the part and what was expected', () => {
  test.each([
    ['type=registry', /--cache-from "type=registry": ref= is missing/, /expected type=registry,ref=NAME/],
    ['type=local,dest=x', /"dest" is no attribute of type=local/, /expected type=local,src=DIR/],
    ['type=redis,ref=x', /there is no cache type "redis"/, /type=registry,ref=.*type=local,src=/],
    ['ref=x', /type= is missing/, /type=registry,ref=/],
    ['type=local,here', /"here" is not key=value/, /./],
    ['type=registry,ref=UPPER', /must be in lower case/, /./],
    ['', /type= is missing/, /./],
  ])('--cache-from %s', (text, message, hint) => {
    expect(() => parseCacheSource(text)).toThrow(message)
    expect(() => parseCacheSource(text)).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }))
  })

  test.each([
    ['type=local,dest=x,mode=most', /mode must be min or max, not "most"/],
    ['type=local,dest=x,ignore-error=maybe', /ignore-error must be true or false/],
    ['type=local,dest=x,oci-mediatypes=false', /oci-mediatypes=false is not supported/],
    ['type=local,dest=x,compression=lzma', /no compression "lzma"/],
  ])('--cache-to %s', (text, message) => {
    expect(() => parseCacheTarget(text)).toThrow(message)
  })
})
