import { closeSync } from 'node:fs'
import { compareCodeUnits, type TreeEntryType } from '../base/index.ts'
import { type LayerEntry, LayerWalk, type LayerWalkOptions } from './layer-walk.ts'

/** Bytes of a regular file, which may have several names. */
interface Inode {
  readonly sizeBytes: number
  readonly layer: number
  names: number
}

/** What is at a path once all layers are on each other. */
export interface StackedEntry extends Omit<LayerEntry, 'fd' | 'type' | 'opaque' | 'expanded'> {
  /** A further name of a file is a `file` too. */
  readonly type: Exclude<TreeEntryType, 'whiteout' | 'hardlink'>
  /** Number of the layer that has it, from 0. */
  readonly layer: number
}

/** A directory or other thing of the stack. */
export interface StackNode {
  readonly entry: StackedEntry | undefined
  /** By name; of a directory only. */
  readonly children: ReadonlyMap<string, StackNode>
}

/** What a layer does to one path. */
export interface LayerChange {
  /** Added, changed (replaced, or other mode, owner or attributes), deleted. */
  readonly kind: 'A' | 'C' | 'D'
  /** Byte string without a leading slash. */
  readonly path: string
  readonly type: StackedEntry['type']
  /** Of the file itself, or of all files of a directory that is deleted. */
  readonly sizeBytes: number
  /** How many files are deleted with a directory; 0 for all else but a file. */
  readonly files: number
}

/** A file whose bytes are in the image, and are not seen any more in the end. */
export interface WastedFile {
  readonly path: string
  readonly sizeBytes: number
  /** The layer that has the bytes, and the one that hides them. */
  readonly layer: number
  readonly hiddenBy: number
}

interface Node {
  entry: StackedEntry | undefined
  children: Map<string, Node>
  inode: Inode | undefined
  /** What the layer that is being put on hides here, and has not replaced so far. */
  hidden: Map<string, Node> | undefined
}

/** Layers put on each other in thought, bottom first: which files there are in the end, and which bytes nobody sees. */
export class FileStack {
  readonly root: StackNode
  readonly wasted: WastedFile[] = []
  readonly #root: Node = { entry: undefined, children: new Map(), inode: undefined, hidden: undefined }
  #layer = -1
  #changes: LayerChange[] = []
  #hiding: { readonly path: string; readonly node: Node }[] = []

  constructor() {
    this.root = this.#root
  }

  /** Puts the next layer on top and says what it does, in the order of the paths. Throws as `LayerWalk` does. Synchronous. */
  add(directory: string, options: LayerWalkOptions): readonly LayerChange[] {
    this.#layer += 1
    this.#changes = []
    this.#hiding = []
    const walk = new LayerWalk(directory, options)
    if (walk.rootOpaque) this.#hide(this.#root, '', this.#root.children)
    for (let entry = walk.next(); entry !== undefined; entry = walk.next()) {
      if (entry.fd !== undefined) closeSync(entry.fd)
      this.#apply(entry)
    }
    for (const { path, node } of this.#hiding) {
      for (const [name, gone] of node.hidden ?? []) this.#remove(path === '' ? name : `${path}/${name}`, gone)
      node.hidden = undefined
    }
    return this.#changes.sort((a, b) => comparePaths(a.path, b.path))
  }

  #apply(entry: LayerEntry): void {
    const names = entry.path.split('/')
    const name = names.pop() ?? ''
    const parent = this.#directory(names)
    const below = parent.children.get(name) ?? parent.hidden?.get(name)
    if (entry.type === 'whiteout') {
      parent.children.delete(name)
      parent.hidden?.delete(name)
      if (below !== undefined) this.#remove(entry.path, below)
      return
    }
    const hidesBelow = parent.hidden?.delete(name) === true || parent.hidden !== undefined || entry.opaque
    const node = this.#node(entry)
    if (node.entry?.type === 'directory' && below?.entry?.type === 'directory') {
      if (hidesBelow) this.#hide(node, entry.path, below.children)
      else node.children = below.children
    } else if (below !== undefined) this.#waste(entry.path, below)
    parent.children.set(name, node)
    this.#note(entry.path, node, below)
  }

  /** A path that the walk came by, its directories told before it. */
  #directory(names: readonly string[]): Node {
    return names.reduce((node, name) => {
      const next = node.children.get(name) ?? emptyNode()
      node.children.set(name, next)
      return next
    }, this.#root)
  }

  #node({ fd: _, opaque: __, expanded: ___, ...entry }: LayerEntry): Node {
    const { type } = entry
    if (type === 'whiteout') return emptyNode()
    const first = type === 'hardlink' ? this.#directory(entry.target.split('/')) : undefined
    if (type === 'hardlink') {
      if (first?.inode) first.inode.names += 1
      const kind = first?.entry?.type ?? 'file'
      const size = first?.entry?.size ?? 0
      return {
        ...emptyNode(),
        entry: { ...entry, type: kind, size, target: '', layer: this.#layer },
        inode: first?.inode,
      }
    }
    const inode = type === 'file' ? { sizeBytes: entry.size, layer: this.#layer, names: 1 } : undefined
    return { ...emptyNode(), entry: { ...entry, type, layer: this.#layer }, inode }
  }

  #note(path: string, { entry, inode }: Node, below: Node | undefined): void {
    if (entry === undefined) return
    // A directory is in a layer as soon as something in it is: that alone is no change.
    if (entry.type === 'directory' && below?.entry !== undefined && sameDirectory(entry, below.entry)) return
    const sizeBytes = entry.type === 'file' && (inode?.names ?? 1) === 1 ? entry.size : 0
    this.#changes.push({ kind: below === undefined ? 'A' : 'C', path, type: entry.type, sizeBytes, files: 0 })
  }

  #hide(node: Node, path: string, children: Map<string, Node>): void {
    node.hidden = children
    node.children = new Map()
    this.#hiding.push({ path, node })
  }

  #remove(path: string, node: Node): void {
    const { files, sizeBytes } = this.#waste(path, node)
    const type = node.entry?.type ?? 'directory'
    this.#changes.push({ kind: 'D', path, type, sizeBytes, files: type === 'directory' ? files : 0 })
  }

  /** Notes the files at and below a path that cannot be seen any more. */
  #waste(path: string, node: Node): { readonly files: number; readonly sizeBytes: number } {
    let files = node.inode === undefined ? 0 : 1
    let sizeBytes = 0
    if (node.inode !== undefined) {
      node.inode.names -= 1
      if (node.inode.names === 0) {
        sizeBytes = node.inode.sizeBytes
        this.wasted.push({ path, sizeBytes, layer: node.inode.layer, hiddenBy: this.#layer })
      }
    }
    for (const [name, child] of node.children) {
      const inside = this.#waste(`${path}/${name}`, child)
      files += inside.files
      sizeBytes += inside.sizeBytes
    }
    return { files, sizeBytes }
  }
}

function emptyNode(): Node {
  return { entry: undefined, children: new Map(), inode: undefined, hidden: undefined }
}

function sameDirectory(a: StackedEntry, b: StackedEntry): boolean {
  return (
    b.type === 'directory' && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && attributes(a) === attributes(b)
  )
}

/** Extended attributes as one text, to compare. */
export function attributes({ xattrs }: Pick<StackedEntry, 'xattrs'>): string {
  return xattrs.map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`).join(' ')
}

/** Order of a walk: a directory before what is in it, names in byte order. */
export function comparePaths(a: string, b: string): number {
  return compareCodeUnits(a.replaceAll('/', '\0'), b.replaceAll('/', '\0'))
}
