import { expect, test } from 'vitest'
import { digestHex, digestOf, isDigest, parseContentDigest, parseDiffId, parseDigest } from '../../src/base/index.ts'

const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

test('a digest is sha256 of the bytes, in lower-case hexadecimal', () => {
  expect(digestOf(new Uint8Array())).toBe(empty)
  expect(digestHex(parseDigest(empty))).toBe(empty.slice('sha256:'.length))
})

test.each(['', empty.slice(0, -1), `${empty}0`, empty.toUpperCase(), empty.replace('sha256', 'sha512'), ` ${empty}`])(
  '%j is none',
  (text) => {
    expect(isDigest(text)).toBe(false)
    for (const parse of [parseDigest, parseDiffId, parseContentDigest]) {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid-digest' }))
    }
  },
)
