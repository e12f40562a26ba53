import { randomBytes } from 'node:crypto'
import { constants, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { zstdFrames } from '../../src/layer/zstd-frames.ts'
import { inChunks, toolError } from './archive-builder.ts'

const compress = (bytes: Uint8Array, checksum: boolean, level: number): Buffer =>
  zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0, [constants.ZSTD_c_compressionLevel]: level },
  })

const skippable = (data: Uint8Array): Buffer => {
  const head = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data])
}

async function cuts(bytes: Uint8Array, size: number): Promise<number[]> {
  const ends: number[] = []
  let at = 0
  for await (const part of zstdFrames(inChunks(bytes, size))) {
    at += part.length
    ends.push(at)
  }
  return ends
}

const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.integer({ min: 0, max: 400_000 }).map((size) => Buffer.alloc(size, 'zeros and ones ')),
  fc.integer({ min: 0, max: 300_000 }).map((size) => randomBytes(size)),
)
const frame = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(content, fc.boolean(), fc.constantFrom(1, 3, 9))
      .map(([bytes, sum, level]) => compress(bytes, sum, level)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map(skippable) },
)

test('every frame end is a cut, and nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 500, max: 200_000 }),
      async (frames, size) => {
        let at = 0
        const ends = frames.map((bytes) => (at += bytes.length))
        const seen = await cuts(Buffer.concat(frames), size)
        expect(seen).toEqual(expect.arrayContaining(ends))
        expect(seen.at(-1)).toBe(at)
      },
    ),
    { numRuns: 60 },
  )
})

test('a cut inside a frame and anything that is no frame are refused', async () => {
  const bytes = compress(Buffer.from('content'), true, 3)
  for (let length = 1; length < bytes.length; length++) {
    expect(await toolError(() => cuts(bytes.subarray(0, length), 5))).toMatchObject({ code: 'archive-invalid' })
  }
  expect(await toolError(() => cuts(Buffer.concat([bytes, Buffer.alloc(8)]), 5))).toMatchObject({
    code: 'archive-invalid',
  })
})
