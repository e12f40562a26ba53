import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ToolError } from '../../src/base/index.ts'
import { digestLayer, layerTar, unpackLayer } from '../../src/layer/index.ts'
import { getXattr, listXattrs } from '../../src/sys/index.ts'
import {
  archive,
  collect,
  headerBlock,
  inChunks,
  memberBytes,
  ownerObstacle,
  pax,
  temporaryFolder,
  toolError,
  unpackBytes,
} from './archive-builder.ts'

/** A layer directory and a folder beside it that nothing may touch. */
function sandbox(): { readonly layer: string; readonly outside: string } {
  const folder = temporaryFolder()
  const layer = join(folder, 'layer')
  const outside = join(folder, 'outside')
  mkdirSync(layer)
  mkdirSync(outside)
  writeFileSync(join(outside, 'precious'), 'unharmed')
  return { layer, outside }
}

function expectUnharmed(outside: string): void {
  expect(readdirSync(outside)).toEqual(['precious'])
  expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('unharmed')
}

function isWhiteout(path: string): boolean {
  const stats = lstatSync(path)
  return stats.isCharacterDevice() && stats.rdev === 0
}

function isOpaque(path: string): boolean {
  return getXattr(path, 'trusted.overlay.opaque')?.toString() === 'y'
}

describe.skipIf(ownerObstacle !== undefined)('hostile archives', () => {
  test('security 1: a symlink entry for the top is refused', async () => {
    for (const name of ['.', './', '/', '/.', 'a/..']) {
      const { layer, outside } = sandbox()
      const bytes = archive({ name, type: '2', link: outside }, { name: 'precious', data: 'overwritten' })
      expect(await toolError(() => unpackBytes(bytes, layer))).toMatchObject({ code: 'archive-invalid' })
      expect(lstatSync(layer).isDirectory()).toBe(true)
      expectUnharmed(outside)
    }
  })

  test('security 2, 3: names and symlinks that climb out are clamped at the top', async () => {
    const { layer, outside } = sandbox()
    const bytes = archive(
      { name: '../../../climbed', data: 'x' },
      { name: '/absolute', data: 'x' },
      { name: 'evil', type: '2', link: outside },
      { name: 'evil/precious', data: 'overwritten' },
      { name: 'up', type: '2', link: '../../../../../..' },
      { name: 'up/from-up', data: 'x' },
    )
    await unpackBytes(bytes, layer)
    expectUnharmed(outside)
    expect(existsSync(join(layer, 'climbed'))).toBe(true)
    expect(existsSync(join(layer, 'absolute'))).toBe(true)
    expect(existsSync(join(layer, 'from-up'))).toBe(true)
    // Through an absolute symlink: the same path below the layer's top.
    expect(readFileSync(join(layer, outside, 'precious'), 'utf8')).toBe('overwritten')
  })

  test('security 3: link text with too many .. is kept as it is', async () => {
    const { layer } = sandbox()
    await unpackBytes(archive({ name: 'link', type: '2', link: '../../../../../../x' }), layer)
    expect(readlinkSync(join(layer, 'link'))).toBe('../../../../../../x')
  })

  test('security 4: a directory replaced by a symlink after use does not lead out', async () => {
    const { layer, outside } = sandbox()
    const bytes = archive(
      { name: 'd/', type: '5' },
      { name: 'd/first', data: '1' },
      { name: 'd', type: '2', link: outside },
      { name: 'd/precious', data: 'overwritten' },
    )
    await unpackBytes(bytes, layer)
    expectUnharmed(outside)
    expect(readFileSync(join(layer, outside, 'precious'), 'utf8')).toBe('overwritten')
  })

  test('security 4: a parent that replaces itself is looked up again', async () => {
    const { layer } = sandbox()
    await unpackBytes(
      archive({ name: 's', type: '2', link: '.' }, { name: 's/s/', type: '5' }, { name: 's/x', data: 'x' }),
      layer,
    )
    expect(readdirSync(layer)).toEqual(['s'])
    expect(readdirSync(join(layer, 's'))).toEqual(['x'])
  })

  test('security 4, 5: a hard link through a symlink chain does not reach outside', async () => {
    const { layer, outside } = sandbox()
    const bytes = archive(
      { name: 'a', type: '2', link: outside },
      { name: 'b', type: '2', link: 'a' },
      { name: 'stolen', type: '1', link: 'b/precious' },
    )
    expect(await toolError(() => unpackBytes(bytes, layer))).toMatchObject({
      code: 'archive-invalid',
      message: expect.stringContaining('b/precious'),
    })
    expect(lstatSync(join(outside, 'precious')).nlink).toBe(1)
  })

  test('security 5: a hard link to a symlink links the symlink itself', async () => {
    const { layer, outside } = sandbox()
    const bytes = archive(
      { name: 'link', type: '2', link: join(outside, 'precious') },
      { name: 'second', type: '1', link: 'link' },
      { name: 'second', data: 'overwritten' },
    )
    await unpackBytes(bytes, layer)
    expectUnharmed(outside)
    expect(readFileSync(join(layer, 'second'), 'utf8')).toBe('overwritten')
  })

  test('security 6: hard link targets are relative to the top of the archive, not to the working directory', async () => {
    const { layer } = sandbox()
    const bytes = archive(
      { name: 'd/file', data: 'x' },
      { name: 'd/two', type: '1', link: 'd/file' },
      { name: 'd/three', type: '1', link: '/d/file' },
    )
    await unpackBytes(bytes, layer)
    expect(lstatSync(join(layer, 'd/file')).nlink).toBe(3)
    const wrong = archive({ name: 'x', type: '1', link: 'package.json' })
    expect(await toolError(() => unpackBytes(wrong, sandbox().layer))).toMatchObject({ code: 'archive-invalid' })
  })

  test('security 8: whiteouts through a symlinked parent stay inside', async () => {
    const { layer, outside } = sandbox()
    const bytes = archive(
      { name: 'evil', type: '2', link: outside },
      { name: 'evil/.wh.precious' },
      { name: 'evil/.wh..wh..opq' },
    )
    await unpackBytes(bytes, layer)
    expectUnharmed(outside)
    expect(isOpaque(join(layer, outside))).toBe(true)
  })

  test.each(['.wh.', 'd/.wh.', '.wh..', '.wh...', '.wh.x/below'])(
    'security 8: the whiteout name %s is refused',
    async (name) => {
      const { layer } = sandbox()
      const result = await toolError(() => unpackBytes(archive({ name: 'd/', type: '5' }, { name }), layer))
      expect(result.code).toBe('archive-invalid')
    },
  )

  test('security 12: bytes, ratio, entries, names and extended headers have limits', async () => {
    const zeros = archive({ name: 'zeros', data: Buffer.alloc(4 * 1024 * 1024) })
    const limit = (limits: object, bytes: Uint8Array) =>
      toolError(() => unpackBytes(bytes, sandbox().layer, { limits }))
    expect(await limit({ maxBytes: 1_000_000 }, gzipSync(zeros))).toMatchObject({ code: 'archive-too-large' })
    expect(await limit({ ratioFromBytes: 1_000_000, maxRatio: 10 }, gzipSync(zeros))).toMatchObject({
      code: 'archive-too-large',
    })
    expect(await limit({ maxEntries: 2 }, archive({ name: 'a' }, { name: 'b' }, { name: 'c' }))).toMatchObject({
      code: 'archive-too-large',
    })
    const longName = archive({ name: 'L', type: 'L', data: `${'n'.repeat(5000)}\0` }, { name: 'x' })
    expect(await limit({}, longName)).toMatchObject({ code: 'archive-too-large' })
    const longPax = headerBlock({ name: 'P', type: 'x', size: 2 * 1024 * 1024 })
    expect(await limit({}, longPax)).toMatchObject({ code: 'archive-too-large' })
  })

  test('security 12: a sparse file counts with its holes', async () => {
    const map = pax({
      'GNU.sparse.major': '0',
      'GNU.sparse.minor': '1',
      'GNU.sparse.map': '0,1',
      'GNU.sparse.size': String(2 ** 50),
    })
    const bytes = archive(map, { name: 'huge', data: 'x' })
    expect(await toolError(() => unpackBytes(bytes, sandbox().layer))).toMatchObject({ code: 'archive-too-large' })
  })

  test('security 13: truncated gzip and zstd end in an error, not in waiting', async () => {
    const bytes = archive({ name: 'file', data: createHash('sha512').update('x').digest() })
    for (const packed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
      for (const length of [packed.length - 1, packed.length - 9, 20, 7]) {
        const result = await toolError(() => unpackBytes(packed.subarray(0, length), sandbox().layer))
        expect(result.code).toBe('archive-invalid')
      }
    }
  })

  test('security 14: garbage after the compressed data is refused', async () => {
    const bytes = archive({ name: 'file', data: 'x' })
    for (const packed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
      const result = await toolError(() =>
        unpackBytes(Buffer.concat([packed, Buffer.from('trailing')]), sandbox().layer),
      )
      expect(result.code).toBe('archive-invalid')
    }
  })

  test('security 15: overlay and security xattrs of the machine are not restored', async () => {
    const { layer } = sandbox()
    const records = pax({
      'SCHILY.xattr.trusted.overlay.opaque': 'y',
      'SCHILY.xattr.user.overlay.redirect': '/etc',
      'SCHILY.xattr.security.selinux': 'x',
      'SCHILY.xattr.system.posix_acl_access': 'x',
      'SCHILY.xattr.user.kept': 'yes',
    })
    await unpackBytes(archive(records, { name: 'd/', type: '5' }), layer)
    expect(listXattrs(join(layer, 'd'))).toEqual(['user.kept'])
  })

  test('security 16: fifos and devices are made, never opened', async () => {
    const { layer } = sandbox()
    const bytes = archive(
      { name: 'pipe', type: '6', mode: 0o600 },
      { name: 'null', type: '3', major: 1, minor: 3, mode: 0o666 },
      { name: 'pipe', data: 'now a file' },
    )
    const result = await unpackBytes(bytes, layer)
    expect(readFileSync(join(layer, 'pipe'), 'utf8')).toBe('now a file')
    if (result.skippedDevices === 0) expect(lstatSync(join(layer, 'null')).rdev).toBe(0x103)
  })
})

describe.skipIf(ownerObstacle !== undefined)('what a layer says', () => {
  test('an opaque mark hides lower content only, and swallows whiteouts below it', async () => {
    const { layer } = sandbox()
    const bytes = archive(
      { name: 'd/', type: '5' },
      { name: 'd/.wh.gone' },
      { name: 'd/kept', data: 'new' },
      { name: 'd/sub/', type: '5' },
      { name: 'd/sub/.wh.gone' },
      { name: 'd/.wh..wh..opq' },
      { name: 'd/.wh.later' },
      { name: 'e/.wh.gone' },
    )
    await unpackBytes(bytes, layer)
    expect(isOpaque(join(layer, 'd'))).toBe(true)
    expect(readdirSync(join(layer, 'd'))).toEqual(['kept', 'sub'])
    expect(readdirSync(join(layer, 'd/sub'))).toEqual([])
    expect(isWhiteout(join(layer, 'e/gone'))).toBe(true)
  })

  test('a late whiteout does not delete what the layer brings', async () => {
    const { layer } = sandbox()
    await unpackBytes(
      archive({ name: 'file', data: 'new' }, { name: 'd/in', data: 'new' }, { name: '.wh.file' }, { name: '.wh.d' }),
      layer,
    )
    expect(readFileSync(join(layer, 'file'), 'utf8')).toBe('new')
    expect(readFileSync(join(layer, 'd/in'), 'utf8')).toBe('new')
    expect(isOpaque(join(layer, 'd'))).toBe(true)
  })

  test('what comes after its own whiteout replaces it; a directory is opaque then', async () => {
    const { layer } = sandbox()
    const bytes = archive(
      { name: '.wh.f' },
      { name: 'f', data: 'x' },
      { name: '.wh.d' },
      { name: 'd/', type: '5' },
      { name: '.wh.e' },
      { name: 'e/in', data: 'x' },
    )
    await unpackBytes(bytes, layer)
    expect(readFileSync(join(layer, 'f'), 'utf8')).toBe('x')
    expect(isOpaque(join(layer, 'd'))).toBe(true)
    expect(isOpaque(join(layer, 'e'))).toBe(true)
    expect(readdirSync(join(layer, 'e'))).toEqual(['in'])
  })

  test('whiteouts below a whiteout are needless', async () => {
    const { layer } = sandbox()
    await unpackBytes(archive({ name: '.wh.d' }, { name: 'd/.wh.x' }, { name: 'd/e/.wh.x' }), layer)
    expect(isWhiteout(join(layer, 'd'))).toBe(true)
  })

  test('AUFS files are skipped, an opaque top is told', async () => {
    const { layer } = sandbox()
    const result = await unpackBytes(
      archive({ name: '.wh..wh.plnk/', type: '5' }, { name: '.wh..wh.plnk/1.2', data: 'x' }, { name: '.wh..wh..opq' }),
      layer,
    )
    expect(readdirSync(layer)).toEqual([])
    expect(result.opaqueRoot).toBe(true)
  })

  test('entries of one name: directories merge, everything else is replaced', async () => {
    const { layer } = sandbox()
    const bytes = archive(
      { name: 'x/', type: '5', mode: 0o755 },
      { name: 'x/deep/file', data: '1' },
      { name: 'x/', type: '5', mode: 0o700, mtime: 12345 },
      { name: 'y/deep/file', data: '1' },
      { name: 'y', data: 'a file now' },
      { name: 'z', data: 'file' },
      { name: 'z/', type: '5' },
    )
    await unpackBytes(bytes, layer)
    expect(readFileSync(join(layer, 'x/deep/file'), 'utf8')).toBe('1')
    expect(lstatSync(join(layer, 'x')).mode & 0o7777).toBe(0o700)
    expect(lstatSync(join(layer, 'x')).mtimeMs).toBe(12_345_000)
    expect(readFileSync(join(layer, 'y'), 'utf8')).toBe('a file now')
    expect(lstatSync(join(layer, 'z')).isDirectory()).toBe(true)
  })

  test('a file where entries below it follow is refused by name', async () => {
    const result = await toolError(() =>
      unpackBytes(archive({ name: 'f', data: 'x' }, { name: 'f/below', data: 'x' }), sandbox().layer),
    )
    expect(result).toMatchObject({
      code: 'archive-invalid',
      message: expect.stringContaining('"f" is not a directory'),
    })
  })

  test('owners, modes, times and xattrs are restored, setuid and capabilities too', async () => {
    const { layer } = sandbox()
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')
    const bytes = archive(
      pax({
        uid: '3000000',
        gid: '2500000',
        mtime: '1600000000.123456789',
        'SCHILY.xattr.security.capability': capability,
        'SCHILY.xattr.user.note': 'caf\u00e9',
      }),
      { name: 'bin', data: 'x', mode: 0o6755 },
      { name: 'sticky/', type: '5', mode: 0o1777, uid: 5, gid: 6, mtime: 1_500_000_000 },
      { name: 'sticky/in', data: 'x' },
      pax({ mtime: '-7.25' }),
      { name: 'link', type: '2', link: 'nowhere', uid: 7, gid: 8 },
    )
    await unpackBytes(bytes, layer)
    const bin = lstatSync(join(layer, 'bin'), { bigint: true })
    expect([bin.uid, bin.gid, bin.mode & 0o7777n, bin.mtimeNs]).toEqual([
      3_000_000n,
      2_500_000n,
      0o6755n,
      1_600_000_000_123_456_789n,
    ])
    expect(getXattr(join(layer, 'bin'), 'security.capability')).toEqual(capability)
    expect(getXattr(join(layer, 'bin'), 'user.note')?.toString()).toBe('caf\u00e9')
    const sticky = lstatSync(join(layer, 'sticky'))
    expect([sticky.uid, sticky.gid, sticky.mode & 0o7777, sticky.mtimeMs]).toEqual([5, 6, 0o1777, 1_500_000_000_000])
    const link = lstatSync(join(layer, 'link'), { bigint: true })
    expect([link.uid, link.gid, link.mtimeNs]).toEqual([7n, 8n, -7_250_000_000n])
  })

  test('the entry for the top sets its mode and owner', async () => {
    const { layer } = sandbox()
    await unpackBytes(
      archive({ name: './', type: '5', mode: 0o711, uid: 3, gid: 4, mtime: 99 }, { name: './f', data: 'x' }),
      layer,
    )
    const stats = lstatSync(layer)
    expect([stats.mode & 0o7777, stats.uid, stats.gid, stats.mtimeMs]).toEqual([0o711, 3, 4, 99_000])
  })

  test('implicit parents are 0755 root and have no time of this machine', async () => {
    const { layer } = sandbox()
    const result = await unpackBytes(archive({ name: 'a/b/f', data: 'x' }), layer)
    expect(result.implicitDirectories).toEqual(['a', 'a/b'])
    const stats = lstatSync(join(layer, 'a'))
    expect([stats.mode & 0o7777, stats.uid, stats.mtimeMs]).toEqual([0o755, 0, 0])
  })

  test('hard links keep files joined, a link to itself changes nothing', async () => {
    const { layer } = sandbox()
    const bytes = archive(
      { name: 'a', data: 'x' },
      { name: 'b', type: '1', link: './a', size: 77 },
      { name: 'a', type: '1', link: 'a' },
    )
    await unpackBytes(bytes, layer)
    expect(lstatSync(join(layer, 'a')).ino).toBe(lstatSync(join(layer, 'b')).ino)
  })

  test('a hard link to what another layer has is refused with both names', async () => {
    const result = await toolError(() =>
      unpackBytes(archive({ name: 'new', type: '1', link: 'usr/old' }), sandbox().layer),
    )
    expect(result.code).toBe('archive-invalid')
    expect(result.message).toContain('"new" is a hard link to "usr/old"')
  })

  test('names that are not UTF-8 survive', async () => {
    const { layer } = sandbox()
    const name = Buffer.from([0x66, 0xff, 0xfe, 0x80])
    await unpackBytes(archive({ name: Buffer.concat([Buffer.from('d/'), name]), data: 'x' }), layer)
    expect(readdirSync(join(layer, 'd'), 'buffer')).toEqual([name])
  })
})

describe.skipIf(ownerObstacle !== undefined)('the stream', () => {
  const bytes = archive({ name: 'file', data: Buffer.alloc(100_000, 'content') }, { name: 'd/', type: '5' })
  const diffId = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const half = bytes.length >> 1
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])

  test.each([
    ['plain', bytes],
    ['gzip', gzipSync(bytes)],
    ['gzip of two members', Buffer.concat([gzipSync(bytes.subarray(0, half)), gzipSync(bytes.subarray(half))])],
    ['zstd', zstdCompressSync(bytes)],
    [
      'zstd of two frames',
      Buffer.concat([zstdCompressSync(bytes.subarray(0, half)), zstdCompressSync(bytes.subarray(half))]),
    ],
    ['zstd with skippable frames', Buffer.concat([skippable, zstdCompressSync(bytes), skippable])],
  ])('%s is told by its magic bytes', async (_, packed) => {
    for (const chunk of [1, 7, 65536]) {
      const { layer } = sandbox()
      const result = await unpackLayer(inChunks(packed, chunk), layer, { overlay: 'trusted' })
      expect(result).toMatchObject({ diffId, sizeBytes: bytes.length, entries: 2 })
      expect(readFileSync(join(layer, 'file')).equals(Buffer.alloc(100_000, 'content'))).toBe(true)
    }
  })

  test('what follows the end of the archive is hashed, but not read', async () => {
    const { layer } = sandbox()
    const tail = Buffer.concat([bytes, memberBytes({ name: 'hidden', data: 'x' }), Buffer.from('odd')])
    const result = await unpackBytes(tail, layer)
    expect(result.diffId).toBe(`sha256:${createHash('sha256').update(tail).digest('hex')}`)
    expect(result.sizeBytes).toBe(tail.length)
    expect(existsSync(join(layer, 'hidden'))).toBe(false)
  })

  test('errors of the source come through as they are, and the source is closed', async () => {
    let closed = false
    async function* failing(head: Uint8Array): AsyncGenerator<Uint8Array> {
      try {
        yield head
        throw new ToolError('registry-failed', 'the connection broke')
      } finally {
        closed = true
      }
    }
    for (const head of [
      bytes.subarray(0, 700),
      gzipSync(bytes).subarray(0, 100),
      zstdCompressSync(bytes).subarray(0, 50),
    ]) {
      closed = false
      const result = await toolError(() => unpackLayer(failing(head), sandbox().layer, { overlay: 'trusted' }))
      expect(result.code).toBe('registry-failed')
      expect(closed).toBe(true)
    }
  })

  test('an aborted signal stops it', async () => {
    const signal = AbortSignal.abort()
    expect(await toolError(() => unpackBytes(bytes, sandbox().layer, { signal }))).toMatchObject({ code: 'canceled' })
  })

  test('a layer unpacked and written again has the same digests', async () => {
    const { layer } = sandbox()
    const members = archive(
      { name: 'a/', type: '5', mode: 0o755 },
      { name: 'a/file', data: 'x' },
      { name: 'a/.wh.gone', mode: 0, mtime: 0 },
      { name: 'a/link', type: '2', link: 'file', mode: 0o777 },
      { name: 'a/second', type: '1', link: 'a/file' },
    )
    const first = await unpackBytes(members, layer)
    const written = collect(layerTar(layer, { overlay: 'trusted' }))
    expect(written.equals(members)).toBe(true)
    expect(digestLayer(layer, { overlay: 'trusted' }).diffId).toBe(first.diffId)
    symlinkSync('x', join(layer, 'changed'))
    expect(digestLayer(layer, { overlay: 'trusted' }).diffId).not.toBe(first.diffId)
  })
})
