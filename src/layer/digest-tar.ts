import { createHash, type Hash, hash as hashOnce } from 'node:crypto'
import { compareCodeUnits, parseDiffId, TreeDigest, type TreeEntry } from '../base/index.ts'
import type { LayerDigests } from '../ports/index.ts'
import { invalidArchive } from './archive-error.ts'
import { nameBytes, quoteName } from './byte-name.ts'
import { openDecompressed } from './decompress.ts'
import { isLayerXattr } from './layer-xattrs.ts'
import type { TarHeader } from './tar-header.ts'
import { TarReader, type TarVisitor } from './tar-reader.ts'
import { guarded, UnpackMeter } from './unpack-limits.ts'

/** What a layer's blob turned out to hold. */
export interface DigestedTar extends LayerDigests {
  /** It has device nodes, which a process in a user namespace cannot make. */
  readonly hasDevices: boolean
}

/**
 * The digests of a layer's blob (plain, gzip or zstd) in one reading, without unpacking it: those that `digestLayer` would
 * find in the unpacked directory. That takes an archive as `layerTar` writes it: every directory before what is in it, names
 * in byte order, each once. Throws `archive-invalid` for any other, `archive-too-large`, `canceled`, and what `source` throws.
 */
export async function digestTar(source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<DigestedTar> {
  const meter = new UnpackMeter()
  const hash = createHash('sha256')
  const visitor = new TarDigester(meter)
  const reader = new TarReader(visitor)
  const input = await openDecompressed(source)
  for await (const chunk of guarded(input.bytes, signal)) {
    meter.addBytes(chunk.length, input.inputBytes)
    hash.update(chunk)
    reader.write(chunk)
  }
  reader.end()
  return {
    diffId: parseDiffId(`sha256:${hash.digest('hex')}`),
    contentDigest: visitor.digest(),
    sizeBytes: meter.bytes,
    entries: meter.entries,
    hasDevices: visitor.hasDevices,
  }
}

const opaqueName = '.wh..wh..opq'
const opaqueMark: readonly [string, Uint8Array] = ['opaque', new Uint8Array()]

/** A directory on the way to the present entry. */
interface OpenDirectory {
  readonly path: string
  readonly opaque: boolean
}

class TarDigester implements TarVisitor {
  readonly #tree = new TreeDigest()
  readonly #meter: UnpackMeter
  /** The directories around the last entry, the outermost first. */
  #open: OpenDirectory[] = []
  #last = ''
  /** A directory that may still turn out to be opaque. */
  #directory: TreeEntry | undefined
  /** Owner and mode of what hard links may lead to. */
  readonly #owners = new Map<string, string>()
  #file:
    | { readonly header: TarHeader; readonly path: string; hash?: Hash; digest?: Uint8Array; end: number }
    | undefined
  hasDevices = false

  constructor(meter: UnpackMeter) {
    this.#meter = meter
  }

  entry(header: TarHeader): void {
    this.#meter.addEntry(header)
    const path = header.type === 'directory' ? header.name.replace(/\/$/, '') : header.name
    const slash = path.lastIndexOf('/')
    const [parent, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)]
    if (name === opaqueName) {
      this.#markOpaque(parent)
      return
    }
    this.#flush()
    const isWhiteout = name.startsWith('.wh.')
    const shown = isWhiteout ? `${path.slice(0, slash + 1)}${name.slice(4)}` : path
    this.#enter(shown, parent, isWhiteout)
    if (isWhiteout) this.#add(whiteout(shown))
    else this.#take(shown, header)
  }

  data(chunk: Uint8Array, offset: number): void {
    const file = this.#file
    if (file === undefined) return
    if (offset !== file.end) throw unusual(file.path, 'has holes')
    file.end += chunk.length
    if (chunk.length === file.header.size) file.digest = hashOnce('sha256', chunk, 'buffer')
    else {
      file.hash ??= createHash('sha256')
      file.hash.update(chunk)
    }
  }

  endEntry(): void {
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    if (file.end !== file.header.size) throw unusual(file.path, 'has holes')
    const fileDigest = file.digest ?? (file.hash ?? createHash('sha256')).digest()
    this.#add({ ...treeEntry(file.path, file.header), fileDigest })
  }

  digest(): LayerDigests['contentDigest'] {
    this.#flush()
    return this.#tree.digest()
  }

  /** Sees to it that an entry comes in its order, in a directory that was told before. */
  #enter(path: string, parent: string, isWhiteout: boolean): void {
    const parts = path.split('/')
    if (parts.some((part) => part === '' || part === '.' || part === '..')) throw unusual(path, 'has an odd name')
    if (parts.some((part) => part.startsWith('.wh.'))) throw unusual(path, 'has a reserved name')
    if (this.#last !== '' && !comesBefore(this.#last, path)) throw unusual(path, 'is out of order')
    this.#last = path
    while (this.#open.length > 0 && this.#open.at(-1)?.path !== parent) this.#open.pop()
    if (parent !== '' && this.#open.length === 0) throw unusual(path, 'is in a directory that has no entry')
    if (isWhiteout && this.#open.some(({ opaque }) => opaque)) throw unusual(path, 'removes what is hidden anyway')
  }

  #take(path: string, header: TarHeader): void {
    switch (header.type) {
      case 'file':
        this.#owners.set(path, ownerOf(header))
        this.#file = { header, path, end: 0 }
        return
      case 'directory':
        this.#directory = treeEntry(path, header)
        this.#open.push({ path, opaque: false })
        return
      case 'hardlink':
        // The link is what it leads to: what its own header says must be that.
        if (this.#owners.get(header.linkName) !== ownerOf(header)) throw unusual(path, 'is an odd hard link')
        break
      case 'char':
      case 'block':
        if (header.major === 0 && header.minor === 0) throw unusual(path, 'is an odd device')
        this.hasDevices = true
        break
      default:
        break
    }
    if (header.type !== 'hardlink') this.#owners.set(path, ownerOf(header))
    this.#add(treeEntry(path, header))
  }

  #markOpaque(parent: string): void {
    const directory = this.#directory
    if (directory === undefined || this.#open.at(-1)?.path !== parent) throw unusual(parent, 'is hidden too late')
    this.#directory = undefined
    this.#open.push({ path: this.#open.pop()?.path ?? '', opaque: true })
    this.#tree.add({ ...directory, xattrs: [opaqueMark, ...(directory.xattrs ?? [])] })
  }

  #add(entry: TreeEntry): void {
    this.#tree.add(entry)
  }

  #flush(): void {
    if (this.#directory !== undefined) this.#tree.add(this.#directory)
    this.#directory = undefined
  }
}

function ownerOf({ mode, uid, gid }: TarHeader): string {
  return `${mode} ${uid} ${gid}`
}

/** Whether the walk of a directory tells `first` before `second`: names are compared part by part. */
function comesBefore(first: string, second: string): boolean {
  const [a, b] = [first.split('/'), second.split('/')]
  for (const [index, part] of a.entries()) {
    const other = b[index]
    if (other === undefined) return false
    if (part !== other) return compareCodeUnits(part, other) < 0
  }
  return b.length > a.length
}

function treeEntry(path: string, header: TarHeader): TreeEntry {
  const { type, mode, uid, gid, major, minor, linkName } = header
  const isDevice = type === 'char' || type === 'block' || type === 'hardlink'
  const xattrs = header.xattrs
    .filter(([name, value]) => isLayerXattr(name) && value.length > 0)
    .toSorted(([a], [b]) => compareCodeUnits(a, b))
  return {
    path: nameBytes(path),
    type,
    mode,
    uid,
    gid,
    ...(isDevice ? { major, minor } : {}),
    ...(linkName === '' ? {} : { target: nameBytes(linkName) }),
    ...(xattrs.length === 0 ? {} : { xattrs }),
  }
}

function whiteout(path: string): TreeEntry {
  return { path: nameBytes(path), type: 'whiteout', mode: 0, uid: 0, gid: 0 }
}

function unusual(path: string, what: string): Error {
  return invalidArchive(`the archive is not one of a step: ${quoteName(path)} ${what}`)
}
