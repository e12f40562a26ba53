/** An entry of an archive, as its header has it: names are not checked, which is the point. */
export interface TarEntry {
  readonly name: string
  readonly type: 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly target?: string
  readonly content?: string
}

const typeFlags = { file: '0', hardlink: '1', symlink: '2', char: '3', block: '4', directory: '5', fifo: '6' } as const
const blockBytes = 512

/** A ustar archive of the entries as they are, with the end that belongs to it. */
export function tarBytes(entries: readonly TarEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const entry of entries) {
    const content = Buffer.from(entry.type === 'file' ? (entry.content ?? '') : '')
    parts.push(header(entry, content.length), content, Buffer.alloc(-content.length & (blockBytes - 1)))
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)])
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  block.write(entry.name, 0, 100)
  octal(entry.mode, 100, 8)
  octal(entry.uid, 108, 8)
  octal(entry.gid, 116, 8)
  octal(size, 124, 12)
  octal(1_600_000_000, 136, 12)
  block.write('        ', 148)
  block.write(typeFlags[entry.type], 156)
  block.write(entry.target ?? '', 157, 100)
  block.write('ustar\x0000', 257, 'latin1')
  const isDevice = entry.type === 'char' || entry.type === 'block'
  octal(isDevice ? 1 : 0, 329, 8)
  octal(isDevice ? 3 : 0, 337, 8)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
