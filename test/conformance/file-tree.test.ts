import { type Header, pack } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { mergeLayers, renderTree, treeChanges } from './file-tree.ts'

type Entry = Partial<Header> & { readonly name: string; readonly text?: string }

async function layer(entries: readonly Entry[]): Promise<Uint8Array> {
  const archive = pack()
  for (const { text, ...header } of entries) archive.entry({ mode: 0o644, ...header }, text ?? '')
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

async function lines(...layers: readonly (readonly Entry[])[]): Promise<Record<string, string>> {
  return Object.fromEntries(renderTree(await mergeLayers(await Promise.all(layers.map(layer)))))
}

const dir = (name: string, mode = 0o755): Entry => ({ name, type: 'directory', mode })

describe('one layer', () => {
  it('prints short text in full and other files by their hash', async () => {
    const tree = await lines([
      { name: './a', text: 'hello\n' },
      { name: 'b', text: 'x'.repeat(201) },
      { name: 'c', text: '\0' },
      { name: 'empty', mode: 0o4755, uid: 7, gid: 8 },
    ])
    expect(tree).toEqual({
      '/a': 'file 0644 0:0 = hello\n',
      '/b': 'file 0644 0:0 sha256:84a0678c9093',
      '/c': 'file 0644 0:0 sha256:6e340b9cffb3',
      '/empty': 'file 4755 7:8 = ',
    })
  })

  it('prints links, fifos and devices', async () => {
    const tree = await lines([
      { name: 'z', text: 'z' },
      { name: 'b', type: 'link', linkname: 'z' },
      { name: 's', type: 'symlink', linkname: '../x', uid: 5, gid: 6 },
      { name: 'p', type: 'fifo', mode: 0o640 },
      { name: 'n', type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 },
    ])
    expect(tree).toEqual({
      '/b': 'file 0644 0:0 = z',
      '/n': 'char 0666 0:0 1:3',
      '/p': 'fifo 0640 0:0',
      '/s': 'symlink 5:6 -> ../x',
      '/z': 'hardlink -> /b',
    })
  })

  it('reads large ids and the names of extended attributes from the PAX records', async () => {
    const pax = { uid: '4000000', gid: '3000000', 'SCHILY.xattr.security.capability': 'x', mtime: '1.5' }
    expect(await lines([{ name: 'a', pax }])).toEqual({
      '/a': 'file 0644 4000000:3000000 xattr:security.capability = ',
    })
  })

  it.each([
    ['a name that climbs out', [{ name: '../x' }], 'climbs out'],
    ['a hardlink to nothing', [{ name: 'a', type: 'link', linkname: 'b' } as const], 'not there'],
    ['a child of a file', [{ name: 'a' }, { name: 'a/b' }], 'lies below a file'],
  ])('refuses %s', async (_, entries, message) => {
    await expect(lines(entries)).rejects.toThrow(message)
  })
})

describe('several layers', () => {
  it('applies whiteouts to what lies below, not to what the same layer brings', async () => {
    const below = [dir('d'), { name: 'd/old' }, { name: 'd/kept' }, { name: 'gone' }]
    const above = [{ name: 'd/old', text: 'new' }, { name: 'd/.wh.old' }, { name: '.wh.gone' }]
    expect(await lines(below, above)).toEqual({
      '/d': 'dir 0755 0:0',
      '/d/kept': 'file 0644 0:0 = ',
      '/d/old': 'file 0644 0:0 = new',
    })
  })

  it('removes a whole directory by one whiteout, without touching names that begin alike', async () => {
    const below = [dir('d'), dir('d/sub'), { name: 'd/sub/f' }, { name: 'd.txt' }]
    expect(await lines(below, [{ name: '.wh.d' }])).toEqual({ '/d.txt': 'file 0644 0:0 = ' })
  })

  it('hides everything below an opaque directory, wherever its marker stands in the layer', async () => {
    const below = [dir('d'), { name: 'd/old' }, dir('d/sub'), { name: 'd/sub/f' }]
    const above = [dir('d', 0o700), { name: 'd/new' }, { name: 'd/.wh..wh..opq' }]
    expect(await lines(below, above)).toEqual({ '/d': 'dir 0700 0:0', '/d/new': 'file 0644 0:0 = ' })
  })

  it('merges directories, and replaces one by a file with all that was in it', async () => {
    const below = [dir('d'), { name: 'd/f' }, dir('e'), { name: 'e/f' }]
    expect(await lines(below, [dir('d', 0o750), { name: 'e', text: 'e' }])).toEqual({
      '/d': 'dir 0750 0:0',
      '/d/f': 'file 0644 0:0 = ',
      '/e': 'file 0644 0:0 = e',
    })
  })

  it('breaks a hardlink when one of its names is written anew', async () => {
    const below: Entry[] = [
      { name: 'a', text: '1' },
      { name: 'b', type: 'link', linkname: '/a' },
    ]
    expect(await lines(below, [{ name: 'a', text: '2' }])).toEqual({
      '/a': 'file 0644 0:0 = 2',
      '/b': 'file 0644 0:0 = 1',
    })
  })
})

describe('treeChanges', () => {
  it('lists what is new, changed or removed, and of a removed directory only itself', async () => {
    const below = await layer([dir('d'), { name: 'd/f' }, { name: 'same' }, { name: 'mode' }])
    const base = await mergeLayers([below])
    const tree = await mergeLayers([
      below,
      await layer([{ name: '.wh.d' }, { name: 'mode', mode: 0o600 }, { name: 'new' }]),
    ])
    expect(Object.fromEntries(treeChanges(base, tree))).toEqual({
      '/d': 'removed',
      '/mode': 'file 0600 0:0 = ',
      '/new': 'file 0644 0:0 = ',
    })
  })
})
