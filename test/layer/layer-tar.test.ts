import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { extract } from 'tar-stream'
import { describe, expect, test } from 'vitest'
import { digestLayer, digestTar, layerTar } from '../../src/layer/index.ts'
import { mknod, S_IFCHR, S_IFIFO, setXattr } from '../../src/sys/index.ts'
import { collect, ownerObstacle, temporaryFolder, toolError, unpackBytes } from './archive-builder.ts'

const options = { overlay: 'trusted' } as const

/** `tar -tv` of the layer, blanks squeezed, times in UTC. */
function listing(directory: string): string[] {
  const text = execFileSync('tar', ['--numeric-owner', '--full-time', '--utc', '--quoting-style=escape', '-tvf', '-'], {
    input: collect(layerTar(directory, options)),
    encoding: 'utf8',
  })
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '))
}

function paths(directory: string, lowerNames?: (path: string) => readonly string[]): string[] {
  const input = collect(layerTar(directory, lowerNames ? { ...options, lowerNames } : options))
  return execFileSync('tar', ['-tf', '-'], { input, encoding: 'utf8' }).trim().split('\n')
}

/** Writes a file with the time 2020-09-13 12:26:40. */
function put(path: string, content = 'x'): void {
  writeFileSync(path, content)
  utimesSync(path, 1_600_000_000, 1_600_000_000)
}

/** Bytes in pieces that end anywhere. */
async function* inPieces(bytes: Uint8Array, size = 777): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

describe.skipIf(ownerObstacle !== undefined)('what GNU tar lists', () => {
  test('byte order, each directory before its children, root left out, all types', () => {
    const folder = temporaryFolder()
    for (const name of ['b', 'b/sub']) mkdirSync(join(folder, name))
    put(join(folder, 'b/z'))
    put(join(folder, 'b-'), 'content')
    put(join(folder, 'B'))
    symlinkSync('../target', join(folder, 'link'))
    mknod(join(folder, 'pipe'), S_IFIFO | 0o600)
    chmodSync(join(folder, 'b-'), 0o6755)
    chownSync(join(folder, 'b-'), 3_000_000, 77)
    chmodSync(join(folder, 'b-'), 0o6755)
    for (const name of ['link', 'b/sub', 'b', 'pipe'])
      lutimesSync(join(folder, name), 1_600_000_000.75, 1_600_000_000.75)
    expect(listing(folder)).toEqual([
      '-rw-r--r-- 0/0 1 2020-09-13 12:26:40 B',
      'drwxr-xr-x 0/0 0 2020-09-13 12:26:40 b/',
      'drwxr-xr-x 0/0 0 2020-09-13 12:26:40 b/sub/',
      '-rw-r--r-- 0/0 1 2020-09-13 12:26:40 b/z',
      '-rwsr-sr-x 3000000/77 7 2020-09-13 12:26:40 b-',
      'lrwxrwxrwx 0/0 0 2020-09-13 12:26:40 link -> ../target',
      'prw------- 0/0 0 2020-09-13 12:26:40 pipe',
    ])
  })

  test('a whiteout is an empty file of 1970, an opaque directory carries its mark', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'd'))
    put(join(folder, 'd/new'))
    mknod(join(folder, 'd/gone'), S_IFCHR)
    setXattr(join(folder, 'd'), 'trusted.overlay.opaque', Buffer.from('y'))
    utimesSync(join(folder, 'd'), 1_600_000_000, 1_600_000_000)
    expect(listing(folder)).toEqual([
      'drwxr-xr-x 0/0 0 2020-09-13 12:26:40 d/',
      '---------- 0/0 0 1970-01-01 00:00:00 d/.wh..wh..opq',
      '---------- 0/0 0 1970-01-01 00:00:00 d/.wh.gone',
      '-rw-r--r-- 0/0 1 2020-09-13 12:26:40 d/new',
    ])
  })

  test('with lowerNames an opaque directory becomes single whiteouts, in the directories inside it too', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'd/sub'), { recursive: true })
    mkdirSync(join(folder, 'plain'))
    put(join(folder, 'd/m'))
    setXattr(join(folder, 'd'), 'trusted.overlay.opaque', Buffer.from('y'))
    const lower: Record<string, string[]> = { d: ['z', 'm', 'a', 'sub'], 'd/sub': ['old'], plain: ['shown'] }
    const asked: string[] = []
    const names = paths(folder, (path) => {
      asked.push(path)
      return lower[path] ?? []
    })
    expect(names).toEqual(['d/', 'd/.wh.a', 'd/m', 'd/sub/', 'd/sub/.wh.old', 'd/.wh.z', 'plain/'])
    expect(asked).toEqual(['d', 'd/sub'])
    const expanded = digestLayer(folder, { ...options, lowerNames: (path) => lower[path] ?? [] })
    expect(expanded.contentDigest).toBe(digestLayer(folder, options).contentDigest)
    expect(expanded.diffId).not.toBe(digestLayer(folder, options).diffId)
  })

  test('a user mount has its mark in user.overlay, and the other flavour is not looked at', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'd'))
    setXattr(join(folder, 'd'), 'user.overlay.opaque', Buffer.from('y'))
    const names = (overlay: 'trusted' | 'user') =>
      execFileSync('tar', ['-tf', '-'], { input: collect(layerTar(folder, { overlay })), encoding: 'utf8' })
        .trim()
        .split('\n')
    expect(names('user')).toEqual(['d/', 'd/.wh..wh..opq'])
    expect(names('trusted')).toEqual(['d/'])
  })

  test('hard links point to the first name in byte order, sockets are left out', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'm'))
    put(join(folder, 'z'))
    linkSync(join(folder, 'z'), join(folder, 'm/two'))
    symlinkSync('x', join(folder, 'm/link'))
    linkSync(join(folder, 'm/link'), join(folder, 'same-link'))
    const server = createServer().listen(join(folder, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    const lines = listing(folder).map((line) => line.replace(/^\S+ \S+ \d+ \S+ \S+ /, ''))
    server.close()
    expect(lines).toEqual(['m/', 'm/link -> x', 'm/two', 'same-link link to m/link', 'z link to m/two'])
  })

  test('an empty directory gives a valid empty tar', () => {
    const folder = temporaryFolder()
    const bytes = collect(layerTar(folder, options))
    expect(bytes.equals(Buffer.alloc(1024))).toBe(true)
    expect(digestLayer(folder, options)).toMatchObject({
      diffId: 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
      entries: 0,
      sizeBytes: 1024,
    })
  })

  test('xattrs: capabilities and user.* stay, those of the machine go', async () => {
    const folder = temporaryFolder()
    put(join(folder, 'f'))
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')
    setXattr(join(folder, 'f'), 'security.capability', capability)
    setXattr(join(folder, 'f'), 'user.note', Buffer.from([0xff, 0x00, 0x0a]))
    setXattr(join(folder, 'f'), 'user.empty', Buffer.alloc(0))
    setXattr(join(folder, 'f'), 'user.overlay.origin', Buffer.from('x'))
    setXattr(join(folder, 'f'), 'trusted.other', Buffer.from('x'))
    const bytes = collect(layerTar(folder, options))
    expect(
      bytes.includes(Buffer.concat([Buffer.from('SCHILY.xattr.security.capability='), capability, Buffer.from('\n')])),
    ).toBe(true)
    expect(bytes.includes(Buffer.from([...Buffer.from('SCHILY.xattr.user.note='), 0xff, 0x00, 0x0a, 0x0a]))).toBe(true)
    for (const word of ['user.empty', 'overlay', 'trusted']) expect(bytes.includes(word)).toBe(false)
  })
})

describe.skipIf(ownerObstacle !== undefined)('digests', () => {
  test('the diffId is of the bytes; times change it, but not the content digest', () => {
    const folder = temporaryFolder()
    put(join(folder, 'f'), 'content')
    const first = digestLayer(folder, options)
    expect(first.diffId).toBe(
      `sha256:${createHash('sha256')
        .update(collect(layerTar(folder, options)))
        .digest('hex')}`,
    )
    utimesSync(join(folder, 'f'), 1, 1)
    const later = digestLayer(folder, options)
    expect(later.diffId).not.toBe(first.diffId)
    expect(later.contentDigest).toBe(first.contentDigest)
  })

  test.each<readonly [string, (folder: string) => void]>([
    ['bytes', (folder) => put(join(folder, 'f'), 'CONTENT')],
    ['mode', (folder) => chmodSync(join(folder, 'f'), 0o600)],
    ['owner', (folder) => chownSync(join(folder, 'f'), 1, 0)],
    ['xattr', (folder) => setXattr(join(folder, 'f'), 'user.x', Buffer.from('1'))],
    ['new name', (folder) => symlinkSync('x', join(folder, 'link'))],
    ['second name', (folder) => linkSync(join(folder, 'f'), join(folder, 'g'))],
    ['whiteout', (folder) => mknod(join(folder, 'gone'), S_IFCHR)],
    ['opaque mark', (folder) => setXattr(join(folder, 'd'), 'trusted.overlay.opaque', Buffer.from('y'))],
  ])('%s changes the content digest', (_, change) => {
    const folder = temporaryFolder()
    put(join(folder, 'f'), 'content')
    mkdirSync(join(folder, 'd'))
    const before = digestLayer(folder, options)
    change(folder)
    expect(digestLayer(folder, options).contentDigest).not.toBe(before.contentDigest)
  })

  test('files around the chunk size: the bytes are right, chunks are 64 KB or more', () => {
    const folder = temporaryFolder()
    const mega = 1024 * 1024
    for (const [index, size] of [
      0,
      1,
      511,
      512,
      513,
      mega - 1536,
      mega - 513,
      mega - 512,
      mega - 1,
      mega,
      mega + 1,
      3 * mega + 7,
    ].entries()) {
      writeFileSync(join(folder, `f${index}`), Buffer.alloc(size, `content ${size} `))
    }
    const copies: Buffer[] = []
    for (const chunk of layerTar(folder, options)) copies.push(Buffer.from(chunk))
    expect(copies.slice(0, -1).every((chunk) => chunk.length >= 65536)).toBe(true)
    const target = temporaryFolder()
    execFileSync('tar', ['-C', target, '-xf', '-'], { input: Buffer.concat(copies), maxBuffer: 1e9 })
    for (const name of readdirSync(folder))
      expect(readFileSync(join(target, name)).equals(readFileSync(join(folder, name)))).toBe(true)
    const { diffId, sizeBytes } = digestLayer(folder, options)
    expect(diffId).toBe(`sha256:${createHash('sha256').update(Buffer.concat(copies)).digest('hex')}`)
    expect(sizeBytes).toBe(Buffer.concat(copies).length)
  })

  test('leaving early closes every file', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'big'), Buffer.alloc(5 * 1024 * 1024))
    const before = openFiles()
    for (const _ of layerTar(folder, options)) break
    expect(openFiles()).toBe(before)
    digestLayer(folder, options)
    expect(openFiles()).toBe(before)
  })
})

describe.skipIf(ownerObstacle !== undefined)('refusals', () => {
  test.each(['.wh.file', '.wh.', '.wh..wh..opq'])('security 8: a real file named %s', async (name) => {
    const folder = temporaryFolder()
    put(join(folder, name))
    const error = await toolError(() => digestLayer(folder, options))
    expect(error).toMatchObject({ code: 'archive-invalid', message: expect.stringContaining(name) })
  })

  test('security 11: a file that grows or shrinks while it is read', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'growing')
    for (const change of [() => appendFileSync(path, 'x'), () => truncateSync(path, 2_000_000)]) {
      writeFileSync(path, Buffer.alloc(3 * 1024 * 1024))
      const error = await toolError(() => {
        let first = true
        for (const _ of layerTar(folder, options)) {
          if (first) change()
          first = false
        }
      })
      expect(error).toMatchObject({ code: 'store-failed', message: expect.stringContaining('growing') })
    }
  })

  test('security 11: a small file that holds more than its size says', async () => {
    expect(await toolError(() => digestLayer('/proc/sys/kernel/random', options))).toMatchObject({
      code: 'store-failed',
    })
  })

  test.each(['redirect', 'metacopy'])('overlay %s', async (mark) => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'd'))
    setXattr(join(folder, 'd'), `trusted.overlay.${mark}`, Buffer.from('/x'))
    expect(await toolError(() => digestLayer(folder, options))).toMatchObject({ code: 'not-supported' })
  })

  test('a directory that is not there', async () => {
    const error = await toolError(() => digestLayer('/nonexistent/layer', options))
    expect(error.message).toContain('/nonexistent/layer')
  })
})

describe.skipIf(ownerObstacle !== undefined)('cross-checks', () => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 12, min: 1 })
    .map((bytes) => bytes.map((byte) => (byte === 0x2f ? 0x30 : byte)))
  const usable = name.filter((bytes) => {
    const text = Buffer.from(bytes).toString('latin1')
    return text !== '.' && text !== '..' && !text.startsWith('.wh.')
  })
  const node = fc.record({
    name: usable,
    parent: fc.nat(5),
    kind: fc.constantFrom('directory', 'file', 'symlink', 'hardlink', 'fifo', 'whiteout', 'opaque'),
    content: fc.uint8Array({ maxLength: 2000 }),
    mode: fc.nat(0o7777),
    uid: fc.nat(5_000_000),
    time: fc.integer({ min: -1000, max: 2 ** 33 }),
  })

  interface Node {
    readonly name: Uint8Array
    readonly parent: number
    readonly kind: string
    readonly content: Uint8Array
    readonly mode: number
    readonly uid: number
  }

  function at(directory: Buffer, child: Uint8Array): Buffer {
    return Buffer.concat([directory, Buffer.from('/'), child])
  }

  /** Makes the nodes; those whose name is taken are left out. */
  function make(folder: string, nodes: readonly Node[]): void {
    const directories: Buffer[] = [Buffer.from(folder)]
    let file: Buffer | undefined
    for (const { name, parent, kind, content, mode, uid } of nodes) {
      const path = at(directories[parent % directories.length] ?? Buffer.from(folder), name)
      try {
        if (kind === 'directory' || kind === 'opaque') {
          mkdirSync(path)
          directories.push(path)
          if (kind === 'opaque') setXattr(path, 'trusted.overlay.opaque', Buffer.from('y'))
        } else if (kind === 'file') {
          writeFileSync(path, content, { flag: 'wx' })
          file = path
        } else if (kind === 'symlink')
          symlinkSync(Buffer.from(content.filter((byte) => byte > 0).slice(0, 200)).toString('hex') || 'x', path)
        else if (kind === 'hardlink' && file) linkSync(file, path)
        else if (kind === 'fifo') mknod(path, S_IFIFO | 0o600)
        else if (kind === 'whiteout') mknod(path, S_IFCHR)
        if (kind === 'file' || kind === 'directory') {
          chownSync(path, uid, uid)
          chmodSync(path, mode)
        }
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      }
    }
  }

  test('a random tree written and unpacked again has the same digests', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(node, { maxLength: 12 }), async (nodes) => {
        // A whiteout inside an opaque directory is needless, and unpacking drops it.
        const opaque = nodes.some(({ kind }) => kind === 'opaque')
        const folder = temporaryFolder()
        const target = temporaryFolder()
        make(folder, opaque ? nodes.filter(({ kind }) => kind !== 'whiteout') : nodes)
        const digests = digestLayer(folder, options)
        const unpacked = await unpackBytes(collect(layerTar(folder, options)), target)
        expect(unpacked.diffId).toBe(digests.diffId)
        expect(digestLayer(target, options)).toEqual(digests)
        const { hasDevices, ...read } = await digestTar(inPieces(collect(layerTar(folder, options))))
        expect(read).toEqual(digests)
        expect(hasDevices).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  test('GNU tar unpacks a random tree to the same files', () => {
    fc.assert(
      fc.property(fc.array(node, { maxLength: 12 }), (nodes) => {
        const folder = temporaryFolder()
        const target = temporaryFolder()
        make(
          folder,
          nodes.filter(({ kind }) => kind !== 'whiteout' && kind !== 'opaque'),
        )
        execFileSync('tar', ['-C', target, '--numeric-owner', '--same-owner', '-xpf', '-'], {
          input: collect(layerTar(folder, options)),
        })
        expect(digestLayer(target, options)).toEqual(digestLayer(folder, options))
      }),
      { numRuns: 25 },
    )
  })

  test('tar-stream reads the same names, sizes and modes', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'd'.repeat(90)))
    put(join(folder, 'd'.repeat(90), 'n'.repeat(60)), 'content')
    put(join(folder, '\u00fc'.repeat(80)), 'other')
    symlinkSync('t'.repeat(150), join(folder, 'link'))
    const seen: [string, string, number | undefined, string | null | undefined][] = []
    const stream = extract()
    stream.on('entry', (header, body, next) => {
      seen.push([header.type ?? '', header.name, header.size, header.linkname])
      body.on('end', next).resume()
    })
    stream.end(collect(layerTar(folder, options)))
    await new Promise((resolve, reject) => stream.on('finish', () => resolve(undefined)).on('error', reject))
    expect(seen).toEqual([
      ['directory', `${'d'.repeat(90)}/`, 0, null],
      ['file', `${'d'.repeat(90)}/${'n'.repeat(60)}`, 7, null],
      ['symlink', 'link', 0, 't'.repeat(150)],
      ['file', '\u00fc'.repeat(80), 5, null],
    ])
    expect(readlinkSync(join(folder, 'link'))).toHaveLength(150)
  })
})
