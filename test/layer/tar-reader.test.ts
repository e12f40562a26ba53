import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeHeader, type TarHeader, type TarType } from '../../src/layer/tar-header.ts'
import { TarReader } from '../../src/layer/tar-reader.ts'
import { archive, headerBlock, type Member, memberBytes, pax, temporaryFolder, toolError } from './archive-builder.ts'

interface Seen extends TarHeader {
  readonly content: Buffer
}

/** Reads `bytes` in chunks of the given sizes (the last one repeats) and puts each file together, holes as zeros. */
function read(bytes: Uint8Array, chunks: readonly number[] = [65536]): Seen[] {
  const seen: { header: TarHeader; content: Buffer }[] = []
  const reader = new TarReader({
    entry: (header) => void seen.push({ header, content: Buffer.alloc(header.size) }),
    data: (chunk, offset) => seen.at(-1)?.content.set(chunk, offset),
    endEntry: () => {},
  })
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = chunks[Math.min(index, chunks.length - 1)] ?? 1
    reader.write(bytes.subarray(at, at + size))
    at += size
  }
  reader.end()
  return seen.map(({ header, content }) => ({ ...header, content }))
}

const code = async (bytes: Uint8Array): Promise<string> => (await toolError(() => read(bytes))).code

describe('formats', () => {
  const longName = `${'deep/'.repeat(30)}${'n'.repeat(120)}`

  test.each(['v7', 'oldgnu', 'gnu', 'ustar', 'pax'])('GNU tar --format=%s', (format) => {
    const folder = temporaryFolder()
    const name = format === 'v7' || format === 'ustar' ? 'deep/n' : longName
    execFileSync('mkdir', ['-p', join(folder, name, '..')])
    writeFileSync(join(folder, name), 'content')
    execFileSync('ln', ['-s', name, join(folder, 'link')])
    execFileSync('ln', [join(folder, name), join(folder, 'hard')])
    const bytes = execFileSync('tar', [
      '-C',
      folder,
      `--format=${format}`,
      '--sort=name',
      '-cf',
      '-',
      'deep',
      'hard',
      'link',
    ])
    const seen = read(bytes)
    const directories = name.split('/').length - 1
    expect(seen.slice(0, directories).every((entry) => entry.type === 'directory')).toBe(true)
    const [file, hard, link] = seen.slice(directories)
    expect(file).toMatchObject({ name, type: 'file', size: 7, mode: 0o644 })
    expect(file?.content.toString()).toBe('content')
    expect(hard).toMatchObject({ name: 'hard', type: 'hardlink', linkName: name })
    expect(link).toMatchObject({ name: 'link', type: 'symlink', linkName: name })
  })

  test.each([
    ['oldgnu', []],
    ['pax', ['--sparse-version=0.0']],
    ['pax', ['--sparse-version=0.1']],
    ['pax', ['--sparse-version=1.0']],
  ])('sparse files of GNU tar --format=%s %s', (format, options) => {
    const folder = temporaryFolder()
    const path = join(folder, 'sparse')
    const fd = openSync(path, 'w')
    // More runs than a header holds, so that extension blocks are needed; a hole at the end.
    for (let index = 0; index < 40; index++) writeSync(fd, `run ${index}`, index * 65536)
    ftruncateSync(fd, 40 * 65536 + 5000)
    closeSync(fd)
    const bytes = execFileSync('tar', ['-C', folder, '-S', `--format=${format}`, ...options, '-cf', '-', 'sparse'])
    expect(bytes.length).toBeLessThan(1_000_000)
    for (const chunks of [[65536], [1], [513]]) {
      const [entry] = read(bytes, chunks)
      expect(entry).toMatchObject({ name: 'sparse', type: 'file', size: 40 * 65536 + 5000 })
      expect(entry?.content.equals(readFileSync(path))).toBe(true)
    }
  })

  test('base-256 numbers', () => {
    const field = (value: bigint, length: number): Buffer => {
      const bytes = Buffer.alloc(length)
      bytes.writeBigInt64BE(value, length - 8)
      if (length > 8) bytes.fill(value < 0n ? 0xff : 0, 0, length - 8)
      bytes[0] = (bytes[0] ?? 0) | 0x80
      return bytes
    }
    const patch = [
      [108, field(3_000_000n, 8)],
      [116, field(4_294_967_294n, 8)],
      [136, field(-1n, 12)],
    ] as const
    expect(read(archive({ name: 'f', patch }))).toMatchObject([
      { uid: 3_000_000, gid: 4_294_967_294, mtimeNs: -1_000_000_000n },
    ])
  })

  test('octal fields with blanks, or empty', () => {
    const patch = [
      [100, Buffer.from(' 644 \0\0\0')],
      [108, Buffer.alloc(8)],
      [124, Buffer.from('          0 ')],
    ] as const
    expect(read(archive({ name: 'f', patch }))).toMatchObject([{ mode: 0o644, uid: 0, size: 0 }])
  })

  test('checksums of signed bytes count', () => {
    const block = headerBlock({ name: Buffer.from([0xe9, 0xe9]) })
    block.fill(0x20, 148, 156)
    let sum = 0
    for (const byte of block) sum += byte > 127 ? byte - 256 : byte
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    expect(read(Buffer.concat([block, Buffer.alloc(1024)]))).toMatchObject([{ name: '\xe9\xe9' }])
  })

  test('old archives name directories by a slash; links and directories have no body whatever their size says', () => {
    const seen = read(
      archive(
        { name: 'old/', type: '\0' },
        { name: 'link', type: '1', link: 'x', size: 5000 },
        { name: 'd/', type: '5', size: 100 },
        { name: 'f', data: 'x' },
      ),
    )
    expect(seen.map(({ type, size }) => [type, size])).toEqual([
      ['directory', 0],
      ['hardlink', 0],
      ['directory', 0],
      ['file', 1],
    ])
  })
})

describe('extended headers', () => {
  test('PAX values override the block, raw bytes survive, empty ones mean the block', () => {
    const value = Buffer.from([0, 1, 0xff, 0x0a, 0x3d])
    const seen = read(
      archive(
        pax({
          path: Buffer.from([0x64, 0xff]),
          uid: '5',
          gid: '',
          mtime: '1.5',
          'SCHILY.xattr.user.x': value,
          'SCHILY.xattr.user.empty': '',
        }),
        { name: 'block', gid: 9, data: 'x' },
        { name: 'next' },
      ),
    )
    expect(seen).toMatchObject([
      { name: 'd\xff', uid: 5, gid: 9, mtimeNs: 1_500_000_000n, xattrs: [['user.x', value]] },
      { name: 'next', uid: 0, xattrs: [] },
    ])
  })

  test('a PAX size tells where the next entry is', () => {
    const [file, next] = read(archive(pax({ size: '5' }), { name: 'f', data: 'hello', size: 0 }, { name: 'g' }))
    expect([file?.content.toString(), next?.name]).toEqual(['hello', 'g'])
  })

  test('a GNU long name beats a PAX path, as in Go', () => {
    const seen = read(archive({ name: 'L', type: 'L', data: 'long\0' }, pax({ path: 'pax' }), { name: 'block' }))
    expect(seen.map(({ name }) => name)).toEqual(['long'])
  })

  test('global headers change no entry; those that would rename or resize are refused', async () => {
    const seen = read(archive(pax({ comment: 'abc', mtime: '7', uid: '9' }, 'g'), { name: 'f', mtime: 3 }))
    expect(seen).toMatchObject([{ name: 'f', uid: 0, mtimeNs: 3_000_000_000n }])
    for (const key of ['path', 'linkpath', 'size', 'GNU.sparse.name']) {
      expect(await code(archive(pax({ [key]: '1' }, 'g'), { name: 'f' }))).toBe('archive-invalid')
    }
  })

  const records = (data: string): Member => ({ name: 'P', type: 'x', data })
  test.each([
    ['no length', records('path=x\n')],
    ['wrong length', records('99 path=x\n')],
    ['length too short', records('5 path=x\n')],
    ['length zero', records('0 path=x\n')],
    ['no newline', records('10 path=xyz')],
    ['no equals sign', records('7 path\n')],
    ['no key', records('5 =x\n')],
    ['NUL in a path', pax({ path: 'a\0b' })],
    ['a uid that is no number', pax({ uid: '-5' })],
    ['a time that is none', pax({ mtime: '1e9' })],
    ['an unknown sparse format', pax({ 'GNU.sparse.major': '2', 'GNU.sparse.minor': '0' })],
    ['a sparse map out of order', pax({ 'GNU.sparse.map': '5,1,0,1', 'GNU.sparse.size': '10' })],
    ['a sparse map out of bounds', pax({ 'GNU.sparse.map': '0,2', 'GNU.sparse.size': '1' })],
    ['a sparse map that names other bytes than are stored', pax({ 'GNU.sparse.map': '0,1', 'GNU.sparse.size': '10' })],
  ])('%s is refused', async (_, member) => {
    expect(await code(archive(member, { name: 'f', data: 'xx' }))).toBe('archive-invalid')
  })
})

describe('damage', () => {
  test('a wrong checksum, an unknown type, a negative size or owner', async () => {
    const block = headerBlock({ name: 'f' })
    block[0] = 0x67
    expect(await code(block)).toBe('archive-invalid')
    expect(await code(archive({ name: 'v', type: 'V' }))).toBe('archive-invalid')
    const negative = Buffer.alloc(12, 0xff)
    expect(await code(archive({ name: 'f', patch: [[124, negative]] }))).toBe('archive-invalid')
    expect(await code(archive({ name: 'f', patch: [[108, negative.subarray(0, 8)]] }))).toBe('archive-invalid')
    expect(await code(archive({ name: 'f', patch: [[100, Buffer.from('0000648\0')]] }))).toBe('archive-invalid')
  })

  test('every cut inside an entry is an error; a cut between entries is not', async () => {
    const bytes = Buffer.concat([memberBytes(pax({ path: 'p' })), memberBytes({ name: 'f', data: 'x'.repeat(600) })])
    for (let length = 1; length < bytes.length; length += 37) {
      expect(await code(bytes.subarray(0, length))).toBe('archive-invalid')
    }
    expect(await code(bytes.subarray(0, 1024))).toBe('archive-invalid')
    expect(read(bytes)).toHaveLength(1)
    expect(read(Buffer.concat([bytes, Buffer.alloc(512)]))).toHaveLength(1)
    expect(read(Buffer.alloc(0))).toEqual([])
  })

  test('two zero blocks end the archive, one inside it is refused', async () => {
    const file = memberBytes({ name: 'f' })
    expect(read(Buffer.concat([file, Buffer.alloc(1024), file, Buffer.from('garbage')]))).toHaveLength(1)
    expect(await code(Buffer.concat([file, Buffer.alloc(512), file]))).toBe('archive-invalid')
    expect(await code(Buffer.concat([memberBytes(pax({ path: 'p' })), Buffer.alloc(1024)]))).toBe('archive-invalid')
  })
})

describe('round trip', () => {
  const byteString = (constraints: { minLength: number; maxLength: number }): fc.Arbitrary<string> =>
    fc.uint8Array({ ...constraints, min: 1 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  const header = fc
    .record({
      type: fc.constantFrom<TarType>('file', 'directory', 'symlink', 'hardlink', 'char', 'block', 'fifo'),
      name: fc.oneof(byteString({ minLength: 1, maxLength: 40 }), byteString({ minLength: 90, maxLength: 400 })),
      link: byteString({ minLength: 1, maxLength: 200 }),
      mode: fc.nat(0o7777),
      uid: fc.oneof(fc.nat(100), fc.nat(0xfffffffe)),
      gid: fc.nat(0xfffffffe),
      mtimeNs: fc.oneof(
        fc.bigInt(0n, 10n ** 10n).map((value) => value * 1_000_000_000n),
        fc.bigInt(-(10n ** 19n), 10n ** 20n),
      ),
      major: fc.nat(0xfff),
      minor: fc.nat(0xfffff),
      content: fc.uint8Array({ maxLength: 1500 }),
      xattrs: fc.uniqueArray(
        fc.tuple(fc.stringMatching(/^user\.[a-z\u00e9]{1,9}$/), fc.uint8Array({ minLength: 1, maxLength: 150 })),
        {
          selector: ([name]) => name,
          maxLength: 3,
        },
      ),
    })
    .map(({ link, content, name, type, major, minor, ...rest }): Seen => {
      const device = type === 'char' || type === 'block'
      const size = type === 'file' ? content.length : 0
      return {
        ...rest,
        type,
        name: type === 'directory' ? `${name}/` : name,
        linkName: type === 'symlink' || type === 'hardlink' ? link : '',
        size,
        major: device ? major : 0,
        minor: device ? minor : 0,
        content: Buffer.from(content.subarray(0, size)),
      }
    })

  test('what is written is read, in chunks of any size', () => {
    fc.assert(
      fc.property(
        fc.array(header, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 8 }),
        (entries, chunks) => {
          const parts = entries.flatMap((entry) => [
            Buffer.from(encodeHeader(entry)),
            entry.content,
            Buffer.alloc((512 - (entry.size % 512)) % 512),
          ])
          const seen = read(Buffer.concat([...parts, Buffer.alloc(1024)]), chunks)
          const sorted = entries.map((entry) => ({
            ...entry,
            xattrs: entry.xattrs.map(([name, value]) => [name, Buffer.from(value)]).sort(),
          }))
          expect(
            seen.map((entry) => ({ ...entry, xattrs: entry.xattrs.map(([name, value]) => [name, value]).sort() })),
          ).toEqual(sorted)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('no bytes make it throw anything but a ToolError', async () => {
    const valid = archive(
      pax({ path: 'p', 'GNU.sparse.map': '0,1', 'GNU.sparse.size': '10' }),
      { name: 'f', data: 'x' },
      { name: 'L', type: 'L', data: 'n\0' },
      { name: 'g' },
    )
    const mutation = fc.tuple(fc.nat(valid.length - 1), fc.nat(255))
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 5 }), async (mutations) => {
        const bytes = Buffer.from(valid)
        for (const [at, value] of mutations) bytes[at] = value
        try {
          read(bytes)
        } catch {
          expect((await toolError(() => read(bytes))).code).toMatch(/^archive-/)
        }
      }),
      { numRuns: 500 },
    )
  })
})
