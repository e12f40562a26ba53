import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { digestLayer, digestTar } from '../../src/layer/index.ts'
import { archive, type Member, ownerObstacle, temporaryFolder, toolError, unpackBytes } from './archive-builder.ts'

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const directory = (name: string): Member => ({ name, type: '5', mode: 0o755 })

describe('archives of steps', () => {
  test.each([
    ['plain', (bytes: Uint8Array) => bytes],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('%s: the digests are of the uncompressed bytes', async (_, compress) => {
    const bytes = archive(directory('d/'), { name: 'd/f', data: 'content' }, { name: 'e', data: 'x' })
    const plain = await digestTar(once(bytes))
    expect(await digestTar(once(compress(bytes)))).toEqual(plain)
    expect(plain).toMatchObject({ sizeBytes: bytes.length, entries: 3, hasDevices: false })
  })

  test.skipIf(ownerObstacle !== undefined)(
    'devices are told, and the digests are those of the unpacked tree',
    async () => {
      const bytes = archive(
        { name: 'big', data: Buffer.alloc(200_000, 'abc') },
        { name: 'null', type: '3', major: 1, minor: 3 },
      )
      const { hasDevices, ...digests } = await digestTar(once(bytes))
      expect(hasDevices).toBe(true)
      const target = temporaryFolder()
      await unpackBytes(bytes, target)
      expect(digestLayer(target, { overlay: 'trusted' }).contentDigest).toBe(digests.contentDigest)
    },
  )
})

describe('what no step makes is refused', () => {
  test.each<readonly [string, readonly Member[]]>([
    ['out of order', [{ name: 'b' }, { name: 'a' }]],
    ['out of order', [{ name: 'a' }, { name: 'a' }]],
    ['out of order', [directory('a/'), { name: 'a-' }, { name: 'a/b' }]],
    ['has no entry', [{ name: 'd/f' }]],
    ['has no entry', [{ name: 'd' }, { name: 'd/f' }]],
    ['odd name', [{ name: '../f' }]],
    ['odd name', [{ name: '/f' }]],
    ['odd name', [{ name: './f' }]],
    ['reserved name', [{ name: '.wh..wh.plnk' }]],
    ['hidden too late', [{ name: '.wh..wh..opq' }]],
    ['hidden too late', [directory('d/'), { name: 'd/a' }, { name: 'd/.wh..wh..opq' }]],
    ['hidden anyway', [directory('d/'), { name: 'd/.wh..wh..opq' }, { name: 'd/.wh.x' }]],
    ['odd hard link', [{ name: 'a' }, { name: 'b', type: '1', link: 'c' }]],
    [
      'odd hard link',
      [
        { name: 'a', mode: 0o644 },
        { name: 'b', type: '1', link: 'a', mode: 0o4755 },
      ],
    ],
    ['odd device', [{ name: 'a', type: '3' }]],
  ])('%s', async (what, members) => {
    const error = await toolError(() => digestTar(once(archive(...members))))
    expect(error).toMatchObject({ code: 'archive-invalid', message: expect.stringContaining(what) })
  })

  test('a cut-off archive', async () => {
    const bytes = archive({ name: 'a', data: 'content' }).subarray(0, 600)
    expect(await toolError(() => digestTar(once(bytes)))).toMatchObject({ code: 'archive-invalid' })
  })
})
