import type { FileSelection, SelectableTree, SelectedEntry } from './file-selection.ts'
import { joinPath } from './path-pattern.ts'

/** One file or directory of a selection, by its path in the tree it was taken from. */
export interface ListedEntry {
  readonly path: string
  readonly type: string
  /** Permission bits (07777). */
  readonly mode: number
  readonly sizeBytes: number
  /** sha256 in hex of a regular file; the text of a symlink. */
  readonly content?: string
}

/** Everything a selection takes, in the order it takes it: what `why` compares to name the file that changed. */
export function listSelection(tree: SelectableTree, selection: FileSelection): readonly ListedEntry[] {
  return selection.sources.flatMap(({ matches }) =>
    matches.flatMap(({ resolved, entries }) =>
      entries.map((entry) => listed(tree, entry.path === '' ? resolved : joinPath(resolved, entry.path), entry)),
    ),
  )
}

function listed(tree: SelectableTree, path: string, { node, target }: SelectedEntry): ListedEntry {
  const { type, mode } = node
  if (type === 'symlink')
    return { path, type, mode: 0, sizeBytes: 0, ...(target === undefined ? {} : { content: target }) }
  if (type !== 'file') return { path, type, mode, sizeBytes: 0 }
  return {
    path,
    type,
    mode,
    sizeBytes: node.sizeBytes,
    content: Buffer.from(tree.fileDigest(path, node)).toString('hex'),
  }
}
