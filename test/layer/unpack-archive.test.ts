import { execFileSync } from 'node:child_process'
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
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { sniffArchive, unpackArchive } from '../../src/layer/index.ts'
import { archive, memberBytes, ownerObstacle, pax, temporaryFolder, toolError } from './archive-builder.ts'

const packers: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  tar: (bytes) => Buffer.from(bytes),
  gzip: (bytes) => gzipSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
  xz: (bytes) => execFileSync('xz', ['-c'], { input: bytes }),
  bzip2: (bytes) => execFileSync('bzip2', ['-c'], { input: bytes }),
}

afterEach(() => vi.unstubAllEnvs())

/** A root with some content, an archive file beside it, and a folder that nothing may touch. */
function scene(bytes: Uint8Array): { readonly root: string; readonly file: string; readonly outside: string } {
  const folder = temporaryFolder()
  const [root, outside, file] = [join(folder, 'root'), join(folder, 'outside'), join(folder, 'archive')]
  for (const path of [root, outside]) mkdirSync(path)
  writeFileSync(file, bytes)
  return { root, outside, file }
}

describe('sniffArchive', () => {
  const bytes = archive({ name: 'f', data: Buffer.alloc(300_000, 'content') })

  test.each(Object.keys(packers))('%s is told by what is in it, whatever its name', (kind) => {
    const pack = packers[kind] ?? (() => Buffer.alloc(0))
    expect(sniffArchive(scene(pack(bytes)).file)).toBe(kind)
    expect(sniffArchive(scene(pack(Buffer.from('#!/bin/sh\n'.repeat(200)))).file)).toBeUndefined()
    expect(sniffArchive(scene(pack(Buffer.alloc(0))).file)).toBeUndefined()
    expect(sniffArchive(scene(pack(Buffer.alloc(10240))).file)).toBeUndefined()
  })

  test('an archive cut off is one all the same, so that ADD can complain', () => {
    for (const kind of ['tar', 'gzip', 'zstd', 'xz'] as const) {
      const packed = packers[kind]?.(
        Buffer.concat([bytes, Buffer.from(Array.from({ length: 90_000 }, (_, index) => (index * index) >> 3))]),
      )
      expect(sniffArchive(scene(packed?.subarray(0, packed.length - 300) ?? bytes).file)).toBe(kind)
    }
  })

  test('directories, symlinks, fifos and devices are none, and are not waited for', () => {
    const { root, file } = scene(bytes)
    symlinkSync(file, join(root, 'link'))
    execFileSync('mkfifo', [join(root, 'pipe')])
    for (const path of [root, join(root, 'link'), join(root, 'pipe'), '/dev/null'])
      expect(sniffArchive(path)).toBeUndefined()
  })

  test('a bomb does not go off', () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(50_000_000)))
    expect(sniffArchive(scene(bomb).file)).toBeUndefined()
  })

  test('without xz the error names the package', async () => {
    const { file } = scene(packers['xz']?.(bytes) ?? bytes)
    vi.stubEnv('PATH', '/nonexistent')
    expect(await toolError(() => sniffArchive(file))).toMatchObject({
      code: 'not-supported',
      message: expect.stringContaining('xz'),
    })
  })
})

describe.skipIf(ownerObstacle !== undefined)('unpackArchive', () => {
  test.each(Object.keys(packers))('%s', async (kind) => {
    const bytes = archive({ name: 'd/f', data: 'content', uid: 5, gid: 6, mode: 0o4711 })
    const { root, file } = scene(packers[kind]?.(bytes) ?? bytes)
    const result = await unpackArchive(file, root, '/opt/app/')
    expect(result).toMatchObject({ entries: 1, sizeBytes: bytes.length, implicitDirectories: { length: 3 } })
    expect(readFileSync(join(root, 'opt/app/d/f'), 'utf8')).toBe('content')
    const stats = lstatSync(join(root, 'opt/app/d/f'))
    expect([stats.uid, stats.gid, stats.mode & 0o7777, stats.mtimeMs]).toEqual([5, 6, 0o4711, 1_600_000_000_000])
  })

  test('owner goes over the archive, made parents included', async () => {
    const { root, file } = scene(archive({ name: 'f', uid: 5 }, { name: 'l', type: '2', link: 'x', uid: 5 }))
    await unpackArchive(file, root, 'made/here', { owner: { uid: 11, gid: 12 } })
    for (const path of ['made', 'made/here', 'made/here/f', 'made/here/l']) {
      const { uid, gid } = lstatSync(join(root, path))
      expect([path, uid, gid]).toEqual([path, 11, 12])
    }
  })

  test('directories merge, files replace, an entry for the top changes nothing', async () => {
    const { root, file } = scene(
      archive(
        { name: './', type: '5', mode: 0o700 },
        { name: './d/', type: '5', mode: 0o711 },
        { name: './d/new', data: 'new' },
        { name: './was-file/', type: '5' },
        { name: './was-directory', data: 'x' },
        { name: './was-link', data: 'x' },
      ),
    )
    mkdirSync(join(root, 'd'), { mode: 0o755 })
    writeFileSync(join(root, 'd/old'), 'old')
    writeFileSync(join(root, 'was-file'), 'x')
    mkdirSync(join(root, 'was-directory/deep'), { recursive: true })
    writeFileSync(join(root, 'target'), 'unharmed')
    symlinkSync('target', join(root, 'was-link'))
    await unpackArchive(file, root, '/')
    expect(lstatSync(root).mode & 0o777).toBe(0o755)
    expect(lstatSync(join(root, 'd')).mode & 0o777).toBe(0o711)
    expect(readdirSync(join(root, 'd'))).toEqual(['new', 'old'])
    expect(lstatSync(join(root, 'was-file')).isDirectory()).toBe(true)
    expect(readFileSync(join(root, 'was-directory'), 'utf8')).toBe('x')
    expect(readFileSync(join(root, 'target'), 'utf8')).toBe('unharmed')
  })

  test('whiteout names are plain names', async () => {
    const { root, file } = scene(archive({ name: '.wh.x', data: '1' }, { name: '.wh..wh..opq', data: '2' }))
    await unpackArchive(file, root, '/d')
    expect(readdirSync(join(root, 'd'))).toEqual(['.wh..wh..opq', '.wh.x'])
    expect(lstatSync(join(root, 'd/.wh.x')).isFile()).toBe(true)
  })

  test('symlinks of the root lead inside the root: /lib -> usr/lib, absolute ones, the destination too', async () => {
    const { root, outside, file } = scene(archive({ name: 'lib/f', data: 'x' }, { name: 'abs/g', data: 'x' }))
    mkdirSync(join(root, 'real/usr/lib'), { recursive: true })
    symlinkSync('usr/lib', join(root, 'real/lib'))
    symlinkSync(outside, join(root, 'real/abs'))
    symlinkSync('/real', join(root, 'destination'))
    await unpackArchive(file, root, '/destination')
    expect(existsSync(join(root, 'real/usr/lib/f'))).toBe(true)
    expect(existsSync(join(root, outside, 'g'))).toBe(true)
    expect(readdirSync(outside)).toEqual([])
    expect(readlinkSync(join(root, 'real/abs'))).toBe(outside)
  })

  test('security 2, 7: names and links of a hostile archive stay below the destination and the root', async () => {
    const { root, outside, file } = scene(
      archive(
        { name: '../../escape', data: 'x' },
        { name: 'evil', type: '2', link: '../../../../../..' },
        { name: 'evil/through', data: 'x' },
      ),
    )
    await unpackArchive(file, root, '/a/b')
    expect(readdirSync(join(root, 'a/b'))).toEqual(['escape', 'evil'])
    expect(readdirSync(root).sort()).toEqual(['a', 'through'])
    expect(readdirSync(dirname(root)).sort()).toEqual(['archive', 'outside', 'root'])
    expect(readdirSync(outside)).toEqual([])
  })

  test('security 5: hard links reach neither outside the archive nor outside the root', async () => {
    const { root, outside, file } = scene(
      archive({ name: 'up', type: '2', link: '../../../../../..' }, { name: 'h', type: '1', link: `up${'/archive'}` }),
    )
    expect(await toolError(() => unpackArchive(file, root, '/d'))).toMatchObject({ code: 'archive-invalid' })
    expect(readdirSync(outside)).toEqual([])
    writeFileSync(join(root, 'shadow'), 'secret')
    const above = scene(archive({ name: 'h', type: '1', link: '../shadow' }))
    writeFileSync(join(above.root, 'shadow'), 'secret')
    expect(await toolError(() => unpackArchive(above.file, above.root, '/d'))).toMatchObject({
      code: 'archive-invalid',
    })
  })

  test('GNU tar archives with holes, long names and hard links come out the same', async () => {
    const folder = temporaryFolder()
    execFileSync(
      'sh',
      [
        '-c',
        'mkdir -p tree/d && cd tree && truncate -s 5M hole && echo end >> hole && truncate -s 8M hole && ln hole d/again && ln -s ../hole d/link && echo x > "$0"',
        'n'.repeat(200),
      ],
      {
        cwd: folder,
      },
    )
    const file = join(folder, 'a.tar')
    execFileSync('tar', ['-C', join(folder, 'tree'), '-Scf', file, '.'])
    const root = temporaryFolder()
    await unpackArchive(file, root, '/')
    execFileSync('diff', ['-r', '--no-dereference', join(folder, 'tree'), root])
    expect(lstatSync(join(root, 'hole')).ino).toBe(lstatSync(join(root, 'd/again')).ino)
    expect(lstatSync(join(root, 'hole')).blocks).toBeLessThan(100)
  })

  test('damage, limits and missing commands are errors, and nothing keeps running', async () => {
    const bytes = archive({ name: 'f', data: Buffer.alloc(200_000, 'some content ') })
    for (const kind of ['gzip', 'zstd', 'xz', 'bzip2'] as const) {
      const packed = packers[kind]?.(bytes) ?? bytes
      const cut = scene(packed.subarray(0, packed.length - 20))
      expect(await toolError(() => unpackArchive(cut.file, cut.root, '/'))).toMatchObject({ code: 'archive-invalid' })
      const limited = scene(packed)
      const limits = { maxBytes: 50_000 }
      expect(await toolError(() => unpackArchive(limited.file, limited.root, '/', { limits }))).toMatchObject({
        code: 'archive-too-large',
      })
    }
    const { file, root } = scene(packers['bzip2']?.(bytes) ?? bytes)
    vi.stubEnv('PATH', '/nonexistent')
    expect(await toolError(() => unpackArchive(file, root, '/'))).toMatchObject({
      code: 'not-supported',
      message: expect.stringContaining('bzip2'),
    })
    vi.unstubAllEnvs()
    expect(await toolError(() => unpackArchive('/nonexistent', root, '/'))).toMatchObject({
      code: 'system-call-failed',
    })
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
    const names = children.map((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim())
    expect(names.filter((name) => name === 'xz' || name === 'bzip2')).toEqual([])
  })

  test('a global PAX header of git archive is passed over', async () => {
    const { root, file } = scene(Buffer.concat([memberBytes(pax({ comment: 'abc' }, 'g')), archive({ name: 'f' })]))
    expect(await unpackArchive(file, root, '/')).toMatchObject({ entries: 1 })
  })
})
