import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentChunks } from '../../src/layer/content-chunks.ts'

const sizes = { min: 64, average: 256, max: 1024 }

async function pieces(bytes: Uint8Array, step = bytes.length): Promise<Buffer[]> {
  function* source(): Generator<Uint8Array> {
    // One buffer for all, as the maker of a tar has it.
    const buffer = Buffer.alloc(Math.max(1, step))
    for (let at = 0; at < bytes.length; at += step) {
      buffer.set(bytes.subarray(at, at + step))
      yield buffer.subarray(0, Math.min(step, bytes.length - at))
    }
  }
  const all: Buffer[] = []
  for await (const piece of contentChunks(source(), sizes)) all.push(Buffer.from(piece))
  return all
}

test('pieces make the whole, have their lengths, and do not depend on how the bytes come', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 700 }), async (bytes, step) => {
      const whole = await pieces(bytes)
      expect(Buffer.concat(whole).equals(Buffer.from(bytes))).toBe(true)
      for (const piece of whole.slice(0, -1)) {
        expect(piece.length).toBeGreaterThanOrEqual(sizes.min)
        expect(piece.length).toBeLessThanOrEqual(sizes.max)
      }
      expect(await pieces(bytes, step)).toEqual(whole)
    }),
    { numRuns: 60 },
  )
})

test('a change in the midst makes few other pieces; bytes that repeat are cut all the same', async () => {
  const before = randomBytes(200_000)
  const after = Buffer.concat([before.subarray(0, 90_000), Buffer.from('something new'), before.subarray(90_000)])
  const known = new Set((await pieces(before)).map((piece) => piece.toString('hex')))
  expect(known.size).toBeGreaterThan(300)
  const others = (await pieces(after)).filter((piece) => !known.has(piece.toString('hex')))
  expect(others.length).toBeLessThan(6)
  expect((await pieces(Buffer.alloc(10_000))).map(({ length }) => length).slice(0, -1)).toEqual(Array(9).fill(1024))
})

test('cuts are the same for ever', async () => {
  const bytes = Buffer.concat(
    Array.from({ length: 200 }, (_, index) => createHash('sha256').update(`${index}`).digest()),
  )
  expect((await pieces(bytes)).map(({ length }) => length)).toMatchInlineSnapshot(`
    [
      231,
      871,
      279,
      134,
      707,
      213,
      474,
      129,
      377,
      603,
      1019,
      101,
      87,
      375,
      800,
    ]
  `)
})
