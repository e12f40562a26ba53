import { createHash } from 'node:crypto'
import { encodePath } from './byte-path.ts'
import type { FileSelection, SelectableTree, SelectedEntry, SelectedPath, SelectedSource } from './file-selection.ts'
import { baseName, joinPath } from './path-pattern.ts'
import { TreeDigest, type TreeEntryType } from './tree-digest.ts'

const emptyDigest = createHash('sha256').digest()

/**
 * Identity of selected files, and how many they are: every match in order, each introduced by a mark that tells a
 * directory's content from a file of the same name. Of a match only its base name counts, for a directory not even
 * that: what lands in the destination is the same. Times are left out.
 */
export function digestSelection(
  tree: SelectableTree,
  sources: readonly SelectedSource[],
): Pick<FileSelection, 'contentDigest' | 'files' | 'sizeBytes'> {
  const digest = new TreeDigest()
  let files = 0
  let sizeBytes = 0
  for (const match of sources.flatMap((source) => source.matches)) {
    const type = match.type === 'directory' ? 'directory' : 'file'
    digest.add({ path: emptyBytes, type, mode: 0, uid: 0, gid: 0 })
    for (const entry of match.entries) {
      addEntry(digest, tree, match, entry)
      if (entry.node.type !== 'file') continue
      files++
      if (entry.sameAs === undefined) sizeBytes += entry.node.sizeBytes
    }
  }
  return { contentDigest: digest.digest(), files, sizeBytes }
}

const emptyBytes = new Uint8Array()

function addEntry(digest: TreeDigest, tree: SelectableTree, match: SelectedPath, entry: SelectedEntry): void {
  const { node } = entry
  const at = entry.path === '' ? match.resolved : joinPath(match.resolved, entry.path)
  const target = entry.sameAs ?? entry.target
  digest.add({
    path: encodePath(entry.path === '' ? baseName(match.path) : entry.path),
    type: treeType(entry),
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    major: node.major,
    minor: node.minor,
    ...(target === undefined ? undefined : { target: encodePath(target) }),
    ...(entry.xattrs === undefined ? undefined : { xattrs: entry.xattrs }),
    ...(node.type === 'file' && entry.sameAs === undefined ? { fileDigest: tree.fileDigest(at, node) } : undefined),
    // A socket is copied as an empty file.
    ...(node.type === 'socket' ? { fileDigest: emptyDigest } : undefined),
  })
}

function treeType(entry: SelectedEntry): TreeEntryType {
  if (entry.sameAs !== undefined) return 'hardlink'
  return entry.node.type === 'socket' ? 'file' : entry.node.type
}
