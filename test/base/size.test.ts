import { expect, test } from 'vitest'
import { parseSize } from '../../src/base/index.ts'

test('sizes of files are in powers of ten, unless they say otherwise', () => {
  const parsed = ['10', '1.5kB', '512MB', '10g', '2GiB', '1KiB'].map((text) => parseSize(text, '--max-size', 'decimal'))
  expect(parsed).toEqual([10, 1500, 512_000_000, 10_000_000_000, 2 * 1024 ** 3, 1024])
  for (const wrong of ['', 'GB', '-1', '1 bit', '1XB'])
    expect(() => parseSize(wrong, '--max-size', 'decimal')).toThrow(`cannot read --max-size "${wrong}" as a size`)
})
