import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openDecompressed, zstd } from '../../src/layer/index.ts'
import { inChunks } from './archive-builder.ts'

async function collected(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = []
  for await (const part of parts) found.push(part)
  return Buffer.concat(found)
}

/** More than two frames. */
const text = Buffer.concat(Array.from({ length: 90 }, (_, index) => Buffer.alloc(100_000, `line ${index}\n`)))

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

describe('zstd', () => {
  test('what goes in comes out, by our own reader and by zstd', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('x'), text, randomBytes(5_000_000)]) {
      const packed = await collected(zstd([bytes]))
      expect((await collected((await openDecompressed(once(packed))).bytes)).equals(bytes)).toBe(true)
      expect(execFileSync('zstd', ['-dc'], { input: packed, maxBuffer: 1 << 25 }).equals(bytes)).toBe(true)
    }
  })

  test('the same bytes for any number of threads and any cut of the input', async () => {
    const expected = await collected(zstd([text], { threads: 1 }))
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1000, max: 9_000_000 }),
        async (threads, size) => {
          expect((await collected(zstd(inChunks(text, size), { threads }))).equals(expected)).toBe(true)
        },
      ),
      { numRuns: 8 },
    )
  })
})
