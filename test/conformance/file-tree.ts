import { createHash } from 'node:crypto'
import { extract, type Header } from 'tar-stream'
import { assertNever, compareCodeUnits, invariant } from '../../src/base/index.ts'
import { isObject, type JsonObject } from './json.ts'

/** One file of an image. Hardlinked paths share the same node object. `content` is as `renderNode` prints it. */
export interface FileNode {
  readonly type: 'file' | 'dir' | 'symlink' | 'fifo' | 'char' | 'block'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeSeconds: number
  readonly content?: string
  readonly target?: string
  readonly device?: string
  readonly xattrs: readonly string[]
}

/** Absolute path → node. The root itself is not in it: layers do not carry it. */
export type FileTree = ReadonlyMap<string, FileNode>

interface LayerEntry {
  readonly path: string
  readonly header: Header
  readonly bytes: Uint8Array
}

const whiteoutPrefix = '.wh.'
const opaqueMarker = '.wh..wh..opq'
const shortTextBytes = 200

/**
 * Applies uncompressed layer tars, bottom first, as OCI image-spec layer.md says: whiteouts and opaque markers hide
 * what lies below, never what the same layer brings. Throws on entries that no correct layer has: names that climb
 * out, links to nothing, children of non-directories.
 */
export async function mergeLayers(layers: readonly Uint8Array[]): Promise<FileTree> {
  const tree = new Map<string, FileNode>()
  for (const layer of layers) {
    const entries = await readEntries(layer)
    for (const entry of entries) applyWhiteout(tree, entry.path)
    for (const entry of entries) if (!baseName(entry.path).startsWith(whiteoutPrefix)) addEntry(tree, entry)
  }
  return tree
}

/** One line for each path of `tree`, e.g. `file 0644 0:0 = hello\n`; of hardlinked paths the first in order is the file. */
export function renderTree(tree: FileTree): Map<string, string> {
  const firstPaths = new Map<FileNode, string>()
  const lines = new Map<string, string>()
  for (const path of [...tree.keys()].sort(compareCodeUnits)) {
    const node = tree.get(path)
    if (node === undefined) continue
    const first = firstPaths.get(node)
    lines.set(path, first === undefined ? renderNode(node) : `hardlink -> ${first}`)
    firstPaths.set(node, first ?? path)
  }
  return lines
}

/** The paths whose line differs between the two trees, in order; what only `base` has is `removed`. */
export function treeChanges(base: FileTree, tree: FileTree): Map<string, string> {
  const before = renderTree(base)
  const after = renderTree(tree)
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort(compareCodeUnits)
  const changed = paths.filter((path) => before.get(path) !== after.get(path))
  const outermost = changed.filter((path) => after.has(path) || after.has(parentPath(path)) || parentPath(path) === '/')
  return new Map(outermost.map((path) => [path, after.get(path) ?? 'removed']))
}

async function readEntries(layer: Uint8Array): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = []
  const unpacked = extract()
  unpacked.end(Buffer.from(layer))
  for await (const entry of unpacked) {
    const path = absolutePath(entry.header.name)
    const chunks: Uint8Array[] = []
    for await (const chunk of entry) {
      invariant(chunk instanceof Uint8Array, 'tar-stream gives bytes')
      chunks.push(chunk)
    }
    if (path !== '/') entries.push({ path, header: entry.header, bytes: Buffer.concat(chunks) })
  }
  return entries
}

function absolutePath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new Error(`layer entry "${name}" climbs out of the root`)
  return '/' + parts.join('/')
}

function applyWhiteout(tree: Map<string, FileNode>, path: string): void {
  const name = baseName(path)
  if (!name.startsWith(whiteoutPrefix)) return
  const parent = parentPath(path)
  if (name === opaqueMarker) {
    removeBelow(tree, parent)
    return
  }
  const hidden = joinPath(parent, name.slice(whiteoutPrefix.length))
  tree.delete(hidden)
  removeBelow(tree, hidden)
}

function addEntry(tree: Map<string, FileNode>, entry: LayerEntry): void {
  ensureParent(tree, entry.path)
  const node = entry.header.type === 'link' ? linkedNode(tree, entry) : nodeOf(entry)
  if (node.type !== 'dir') removeBelow(tree, entry.path)
  tree.set(entry.path, node)
}

function ensureParent(tree: Map<string, FileNode>, path: string): void {
  const parent = parentPath(path)
  if (parent === '/') return
  const node = tree.get(parent)
  if (node !== undefined && node.type !== 'dir') throw new Error(`layer entry "${path}" lies below a ${node.type}`)
  if (node !== undefined) return
  ensureParent(tree, parent)
  tree.set(parent, { type: 'dir', mode: 0o755, uid: 0, gid: 0, mtimeSeconds: 0, xattrs: [] })
}

function linkedNode(tree: FileTree, entry: LayerEntry): FileNode {
  const target = absolutePath(entry.header.linkname)
  const node = tree.get(target)
  if (node === undefined)
    throw new Error(`layer entry "${entry.path}" is a hardlink to "${target}", which is not there`)
  return node
}

function nodeOf({ header, bytes }: LayerEntry): FileNode {
  const shared = {
    type: nodeType(header.type),
    mode: header.mode & 0o7777,
    uid: ownerOf(header, 'uid'),
    gid: ownerOf(header, 'gid'),
    mtimeSeconds: Math.floor(header.mtime.getTime() / 1000),
    xattrs: xattrNames(header),
  }
  if (shared.type === 'file') return { ...shared, content: describeContent(bytes) }
  if (shared.type === 'symlink') return { ...shared, target: header.linkname }
  if (shared.type === 'char' || shared.type === 'block') {
    return { ...shared, device: `${header.devmajor}:${header.devminor}` }
  }
  return shared
}

function nodeType(type: Header['type']): FileNode['type'] {
  switch (type) {
    case 'file':
    case 'contiguous-file':
      return 'file'
    case 'directory':
      return 'dir'
    case 'symlink':
    case 'fifo':
      return type
    case 'character-device':
      return 'char'
    case 'block-device':
      return 'block'
    case 'link':
      throw new Error('internal error: a hardlink has no node of its own')
    default:
      return assertNever(type)
  }
}

/** The owner; tar-stream leaves ids that are too large for the plain header in the PAX records. */
function ownerOf(header: Header, key: 'uid' | 'gid'): number {
  const record = paxRecords(header)[key]
  return record === undefined ? header[key] : Number(record)
}

function paxRecords({ pax }: Header): JsonObject {
  return isObject(pax) ? pax : {}
}

/** Names of the extended attributes, from the PAX records. */
function xattrNames(header: Header): string[] {
  const prefix = 'SCHILY.xattr.'
  const names = Object.keys(paxRecords(header)).filter((key) => key.startsWith(prefix))
  return names.map((key) => key.slice(prefix.length)).sort(compareCodeUnits)
}

/** ` = ` and the text itself for short printable text, else the start of the sha256. */
function describeContent(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8')
  const printable = !/[\x00-\x08\x0b-\x1f\x7f\ufffd]/.test(text)
  if (bytes.byteLength <= shortTextBytes && printable) return `= ${text}`
  return `sha256:${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`
}

function renderNode(node: FileNode): string {
  const mode = node.type === 'symlink' ? [] : [node.mode.toString(8).padStart(4, '0')]
  const target = node.target === undefined ? [] : [`-> ${node.target}`]
  const xattrs = node.xattrs.map((name) => `xattr:${name}`)
  const content = node.content === undefined ? [] : [node.content]
  const device = node.device === undefined ? [] : [node.device]
  return [node.type, ...mode, `${node.uid}:${node.gid}`, ...device, ...xattrs, ...target, ...content].join(' ')
}

function removeBelow(tree: Map<string, FileNode>, parent: string): void {
  const prefix = joinPath(parent, '')
  for (const path of tree.keys()) if (path.startsWith(prefix)) tree.delete(path)
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function joinPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}
