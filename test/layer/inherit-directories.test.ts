import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inheritDirectories } from '../../src/layer/index.ts'
import { makeDevice, mknod, S_IFCHR, setXattr } from '../../src/sys/index.ts'
import { archive, type Member, ownerObstacle, temporaryFolder, unpackBytes } from './archive-builder.ts'

/** Directories of a layer below: path to mode; all belong to 5:6. */
function lower(folder: string, name: string, directories: Readonly<Record<string, number>>): string {
  const tree = join(folder, name)
  mkdirSync(tree)
  for (const [path, mode] of Object.entries(directories)) {
    mkdirSync(join(tree, path), { recursive: true })
    chownSync(join(tree, path), 5, 6)
    chmodSync(join(tree, path), mode)
  }
  return tree
}

async function unpacked(folder: string, ...entries: readonly Member[]): Promise<[string, readonly string[]]> {
  const tree = join(folder, 'layer')
  mkdirSync(tree)
  const { implicitDirectories } = await unpackBytes(archive(...entries), tree)
  return [tree, implicitDirectories]
}

function brief(tree: string, path: string): string {
  const { uid, gid, mode } = lstatSync(join(tree, path))
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`
}

describe.skipIf(ownerObstacle !== undefined)('directories that a layer has no entry for', () => {
  test('take after the topmost layer below that has them', async () => {
    const folder = temporaryFolder()
    const lowers = [
      lower(folder, 'one', { tmp: 0o1777, 'a/b': 0o700 }),
      lower(folder, 'two', { a: 0o750, 'a/b': 0o711 }),
    ]
    const [tree, paths] = await unpacked(folder, { name: 'tmp/f', data: 'x' }, { name: 'a/b/c/f', data: 'x' })
    inheritDirectories(tree, paths, lowers, 'trusted')
    expect(['tmp', 'a', 'a/b', 'a/b/c'].map((path) => brief(tree, path))).toEqual([
      '1777 5:6',
      '750 5:6',
      '711 5:6',
      '755 0:0',
    ])
  })

  test('keep what the archive says of them, before or after', async () => {
    const folder = temporaryFolder()
    const lowers = [lower(folder, 'one', { a: 0o700, b: 0o700 })]
    const entries = [
      { name: 'a/', type: '5', mode: 0o711, uid: 1, gid: 2 },
      { name: 'a/f', data: 'x' },
      { name: 'b/f', data: 'x' },
      { name: 'b/', type: '5', mode: 0o712, uid: 1, gid: 2 },
    ] as const
    const [tree, paths] = await unpacked(folder, ...entries)
    inheritDirectories(tree, paths, lowers, 'trusted')
    expect([brief(tree, 'a'), brief(tree, 'b')]).toEqual(['711 1:2', '712 1:2'])
  })

  test('take nothing from what a layer in between hides', async () => {
    const folder = temporaryFolder()
    const one = lower(folder, 'one', { gone: 0o700, 'opaque/in': 0o700, 'file/in': 0o700, 'link/in': 0o700 })
    const two = lower(folder, 'two', { opaque: 0o755 })
    mknod(join(two, 'gone'), S_IFCHR | 0o600, makeDevice(0, 0))
    setXattr(join(two, 'opaque'), 'trusted.overlay.opaque', Buffer.from('y'))
    writeFileSync(join(two, 'file'), '')
    symlinkSync('opaque', join(two, 'link'))
    const entries = ['gone', 'opaque/in', 'file/in', 'link/in'].map((name) => ({ name: `${name}/f`, data: 'x' }))
    const [tree, paths] = await unpacked(folder, ...entries)
    inheritDirectories(tree, paths, [one, two], 'trusted')
    for (const path of ['gone', 'opaque/in', 'file/in', 'link/in']) expect(brief(tree, path)).toBe('755 0:0')
  })

  test('take nothing from what the layer itself hides, and files in their place are left alone', async () => {
    const folder = temporaryFolder()
    const one = lower(folder, 'one', { a: 0o700, 'o/in': 0o700, b: 0o700 })
    const entries = [
      { name: '.wh.a', data: '' },
      { name: 'a/f', data: 'x' },
      { name: 'o/.wh..wh..opq', data: '' },
      { name: 'o/in/f', data: 'x' },
      { name: 'b/f', data: 'x' },
    ]
    const [tree, paths] = await unpacked(folder, ...entries)
    rmSync(join(tree, 'b'), { recursive: true })
    writeFileSync(join(tree, 'b'), '', { mode: 0o644 })
    inheritDirectories(tree, paths, [one], 'trusted')
    expect([brief(tree, 'a'), brief(tree, 'o/in'), brief(tree, 'b')]).toEqual(['755 0:0', '755 0:0', '644 0:0'])
  })
})
