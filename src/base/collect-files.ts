import type { SelectableTree, SelectedEntry } from './file-selection.ts'
import type { FileNode, FileTree } from './file-tree.ts'
import type { PathFilter } from './path-filter.ts'
import { joinPath } from './path-pattern.ts'

/** The tree as if what is left out were not there; directories show, since something in them may be taken. */
export function visiblePart(tree: SelectableTree): FileTree {
  return {
    lstat(path) {
      const node = tree.lstat(path)
      return node === undefined || node.type === 'directory' || tree.takes(path) ? node : undefined
    },
    names: (path) => tree.names(path),
    readLink: (path) => tree.readLink(path),
  }
}

/** True when the path, which is on disk, is taken, or is a directory with something taken below it. */
export function existsIn(tree: SelectableTree, path: string): boolean {
  if (path === '' || tree.takes(path)) return true
  if (!tree.mayTakeBelow(path) || tree.lstat(path)?.type !== 'directory') return false
  return tree.names(path).some((name) => existsIn(tree, joinPath(path, name)))
}

/**
 * What is in `directory`, as far as the ignore rules and `filter` (paths relative to the directory) take it. A directory
 * that is left out counts when something in it is taken.
 */
export function collectDirectory(tree: SelectableTree, directory: string, filter: PathFilter): SelectedEntry[] {
  const entries: SelectedEntry[] = []
  collect({ tree, filter, links: new Map(), entries }, directory, '')
  return entries
}

interface Collecting {
  readonly tree: SelectableTree
  readonly filter: PathFilter
  readonly links: Map<string, string>
  readonly entries: SelectedEntry[]
}

function collect(collecting: Collecting, directory: string, prefix: string): void {
  const { tree, filter, links, entries } = collecting
  for (const name of tree.names(directory)) {
    const at = joinPath(directory, name)
    const path = joinPath(prefix, name)
    const isTaken = tree.takes(at)
    const isWanted = filter.takes(path)
    if (!(isTaken || tree.mayTakeBelow(at)) || !(isWanted || filter.mayTakeBelow(path))) continue
    const taken = isTaken && isWanted
    const node = tree.lstat(at)
    if (node === undefined || (!taken && node.type !== 'directory')) continue
    entries.push(entryOf(tree, at, path, node, links))
    if (node.type !== 'directory') continue
    const before = entries.length
    collect(collecting, at, path)
    if (!taken && entries.length === before) entries.pop()
  }
}

/** One entry; `links` holds the first name of each file with several, by device and inode. */
export function entryOf(
  tree: SelectableTree,
  at: string,
  path: string,
  node: FileNode,
  links: Map<string, string>,
): SelectedEntry {
  const xattrs = tree.xattrs(at, node)
  const extra = xattrs === undefined ? undefined : { xattrs }
  if (node.type === 'symlink') return { path, node, target: tree.readLink(at), ...extra }
  if (node.type !== 'file') return { path, node, ...extra }
  if (node.links > 1) {
    const key = `${node.device}:${node.inode}`
    const first = links.get(key)
    if (first !== undefined) return { path, node, sameAs: first }
    links.set(key, path)
  }
  const content = tree.content?.(at)
  if (content !== undefined) return { path, node, content, ...extra }
  if (tree.isRacy(at, node)) return { path, node, verify: tree.fileDigest(at, node), ...extra }
  return { path, node, ...extra }
}
