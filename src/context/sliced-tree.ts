import { createHash } from 'node:crypto'
import { type FileNode, joinPath, type SelectableTree } from '../base/index.ts'

/** What of a tree is left out, and what has another content. */
export interface TreeSlice {
  /** True for a file or directory, with all below it, that is as if it were not there. */
  hides(path: string): boolean
  /** Texts of files, in place of those on the disk. */
  readonly replaced: ReadonlyMap<string, string>
}

/** Mode of a file with another text, whatever that on the disk has. */
const replacedMode = 0o644

/** A tree as a slice of it shows it. Ignore rules count as before. */
export function slicedTree(tree: SelectableTree, slice: TreeSlice): SelectableTree {
  const contents = new Map([...slice.replaced].map(([path, text]) => [path, Buffer.from(text)]))
  return {
    lstat(path) {
      if (slice.hides(path)) return undefined
      const content = contents.get(path)
      return content === undefined ? tree.lstat(path) : replacedNode(content)
    },
    names: (path) => tree.names(path).filter((name) => !slice.hides(joinPath(path, name))),
    readLink: (path) => tree.readLink(path),
    takes: (path) => tree.takes(path),
    mayTakeBelow: (path) => tree.mayTakeBelow(path),
    excludedBy: (path) => tree.excludedBy(path),
    fileDigest(path, node) {
      const content = contents.get(path)
      return content === undefined ? tree.fileDigest(path, node) : createHash('sha256').update(content).digest()
    },
    isRacy: (path, node) => !contents.has(path) && tree.isRacy(path, node),
    xattrs: (path, node) => tree.xattrs(path, node),
    content: (path) => contents.get(path),
    isHidden: (path) => slice.hides(path),
  }
}

function replacedNode(content: Uint8Array): FileNode {
  const owner = { uid: 0, gid: 0 }
  const place = { device: 0, inode: 0, links: 1, major: 0, minor: 0 }
  return { type: 'file', mode: replacedMode, ...owner, sizeBytes: content.length, ...place, mtimeMs: 0, ctimeMs: 0 }
}
