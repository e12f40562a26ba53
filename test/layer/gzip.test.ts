import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gzip } from '../../src/layer/index.ts'
import { inChunks } from './archive-builder.ts'

async function compressed(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, options = {}): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of gzip(chunks, options)) parts.push(part)
  return Buffer.concat(parts)
}

/** Text that compresses, with runs that reach back over block borders. */
const text = Buffer.from(Array.from({ length: 120_000 }, (_, index) => `line ${(index * 7919) % 5003}\n`).join(''))

describe('gzip', () => {
  test('gives one member without time or name that gzip -t accepts', async () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('x'),
      text,
      Buffer.alloc(256 * 1024),
      Buffer.alloc(2 * 256 * 1024 + 1, 'ab'),
    ]) {
      const packed = await compressed([bytes])
      expect(packed.subarray(0, 10)).toEqual(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]))
      execFileSync('gzip', ['-t'], { input: packed })
      expect(gunzipSync(packed).equals(bytes)).toBe(true)
    }
  })

  test('the same bytes for any number of threads and any cut of the input', async () => {
    const expected = await compressed([text], { threads: 1 })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1000, max: 700_000 }),
        async (threads, size) => {
          expect((await compressed(inChunks(text, size), { threads })).equals(expected)).toBe(true)
        },
      ),
      { numRuns: 12 },
    )
  })

  test('whatever goes in comes out, at every level', async () => {
    const piece = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 9000 }))
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), fc.integer({ min: 0, max: 9 }), async (pieces, level) => {
        const chunks = pieces.map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)))
        expect(gunzipSync(await compressed(chunks, { level })).equals(Buffer.concat(chunks))).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test('blocks look back into the one before: a repeated random piece is stored once', async () => {
    const piece = randomBytes(20_000)
    const repeated = Buffer.concat(Array.from({ length: 100 }, () => piece))
    expect((await compressed([repeated])).length).toBeLessThan(40_000)
  })

  test('a chunk may be reused as soon as the next is asked for', async () => {
    const shared = Buffer.alloc(1000)
    function* reused(): Generator<Uint8Array> {
      for (let index = 0; index < 900; index++) yield shared.fill(index)
    }
    const expected = Buffer.concat(Array.from({ length: 900 }, (_, index) => Buffer.alloc(1000, index)))
    expect(gunzipSync(await compressed(reused())).equals(expected)).toBe(true)
  })

  test('errors of the source come through, and leaving early closes it', async () => {
    let closed = 0
    async function* source(fails: boolean): AsyncGenerator<Uint8Array> {
      try {
        for (let index = 0; index < 20; index++) yield text
        if (fails) throw new Error('disk gone')
      } finally {
        closed++
      }
    }
    await expect(compressed(source(true))).rejects.toThrow('disk gone')
    for await (const _ of gzip(source(false))) break
    let parts = 0
    for await (const _ of gzip(source(false))) if (++parts === 3) break
    expect(closed).toBe(2)
  })
})
