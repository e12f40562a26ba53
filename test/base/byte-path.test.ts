import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePath, encodePath, osPath, printablePath, sortNames } from '../../src/base/index.ts'

/** Bytes with many broken sequences in them. */
const bytes = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0x80, 0xa0, 0xbf)))
  .map((list) => Uint8Array.from(list))

test('no byte of a name is lost', () => {
  fc.assert(
    fc.property(bytes, (name) => {
      expect(new Uint8Array(encodePath(decodePath(name)))).toEqual(name)
    }),
  )
})

test('UTF-8 is plain text, U+FFFD included', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(decodePath(Buffer.from(text))).toBe(text)
      expect(osPath(text)).toBe(text)
    }),
  )
  expect(decodePath(Buffer.from('a\ufffdb'))).toBe('a\ufffdb')
})

test('names sort by their bytes', () => {
  fc.assert(
    fc.property(fc.array(bytes), (names) => {
      const sorted = sortNames(names.map(decodePath)).map(encodePath)
      expect(sorted).toEqual(names.map((name) => Buffer.from(name)).sort(Buffer.compare))
    }),
  )
  // By code units the second would come first.
  expect(sortNames(['\u{10000}', '\uffee'])).toEqual(['\uffee', '\u{10000}'])
})

test('broken bytes are shown', () => {
  expect(printablePath(decodePath(Buffer.of(0x61, 0xff, 0x62)))).toBe('a\\xffb')
})
