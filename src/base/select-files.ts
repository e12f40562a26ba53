import type {
  MissingSource,
  SelectableTree,
  SelectedEntry,
  SelectedPath,
  SelectedSource,
  SelectFilesResult,
} from './file-selection.ts'
import { type FileNode, type FileTree, resolvePath } from './file-tree.ts'
import { compileGlob, hasWildcards, joinPath, pathNames } from './path-pattern.ts'
import { digestSelection } from './selection-digest.ts'
import type { Span } from './span.ts'
import { nearest } from './text.ts'

/**
 * Picks what COPY sources name. A literal source must exist; a pattern may match nothing. A match that is a symlink, or
 * whose path goes through one, is followed inside the root; symlinks inside a directory stay symlinks. `spans` are the
 * places of the sources, for the missing ones.
 */
export function selectFiles(
  tree: SelectableTree,
  sources: readonly string[],
  spans: readonly Span[],
): SelectFilesResult {
  const visible = visiblePart(tree)
  const selected: SelectedSource[] = []
  const missing: MissingSource[] = []
  for (const [index, pattern] of sources.entries()) {
    const span = spans[index] ?? { start: 0, end: 0 }
    const paths = hasWildcards(pattern) ? expandPattern(tree, visible, pattern) : [pathNames(pattern).join('/')]
    if (paths === undefined) {
      missing.push({ pattern, span, malformed: true })
      continue
    }
    const matches: SelectedPath[] = []
    for (const path of paths) {
      const match = selectPath(tree, visible, path)
      if (match === undefined)
        missing.push(describeMissing(tree, visible, hasWildcards(pattern) ? path : pattern, span))
      else matches.push(match)
    }
    selected.push({ pattern, matches })
  }
  if (missing.length > 0) return { kind: 'missing', missing }
  return { kind: 'selected', selection: { sources: selected, ...digestSelection(tree, selected) } }
}

/** The tree as if what is left out were not there; directories show, since something in them may be taken. */
function visiblePart(tree: SelectableTree): FileTree {
  return {
    lstat(path) {
      const node = tree.lstat(path)
      return node === undefined || node.type === 'directory' || tree.takes(path) ? node : undefined
    },
    names: (path) => tree.names(path),
    readLink: (path) => tree.readLink(path),
  }
}

/** Paths that a pattern matches, or undefined for a malformed one. A pattern never goes through a symlink (BuildKit). */
function expandPattern(tree: SelectableTree, visible: FileTree, pattern: string): string[] | undefined {
  const names = pathNames(pattern)
  const firstWild = names.findIndex(hasWildcards)
  const globs: RegExp[] = []
  for (const name of names.slice(firstWild)) {
    const glob = compileGlob(name)
    if (glob === undefined) return undefined
    globs.push(glob)
  }
  const base = resolvePath(visible, names.slice(0, firstWild).join('/'))
  if (base.kind !== 'found' || base.node.type !== 'directory') return []
  let paths = [base.path]
  for (const glob of globs) {
    const directories = paths.filter((path) => tree.lstat(path)?.type === 'directory')
    paths = directories.flatMap((directory) =>
      tree
        .names(directory)
        .filter((name) => glob.test(name))
        .map((name) => joinPath(directory, name)),
    )
  }
  return paths.filter((path) => exists(tree, path))
}

/** True when the path is taken, or is a directory with something taken below it. */
function exists(tree: SelectableTree, path: string): boolean {
  if (path === '' || tree.takes(path)) return true
  if (!tree.mayTakeBelow(path) || tree.lstat(path)?.type !== 'directory') return false
  return tree.names(path).some((name) => exists(tree, joinPath(path, name)))
}

function selectPath(tree: SelectableTree, visible: FileTree, path: string): SelectedPath | undefined {
  const found = resolvePath(visible, path)
  if (found.kind !== 'found' || !exists(tree, found.path)) return undefined
  const links = new Map<string, string>()
  const entries: SelectedEntry[] = []
  const { node, path: resolved } = found
  if (node.type === 'directory') collect(tree, resolved, '', links, entries)
  else entries.push(entryOf(tree, resolved, '', node, links))
  return { path, resolved, type: node.type === 'file' || node.type === 'directory' ? node.type : 'other', entries }
}

/** Adds what is in a directory; a left-out directory counts when something in it is taken. */
function collect(
  tree: SelectableTree,
  directory: string,
  prefix: string,
  links: Map<string, string>,
  entries: SelectedEntry[],
): void {
  for (const name of tree.names(directory)) {
    const at = joinPath(directory, name)
    const taken = tree.takes(at)
    if (!taken && !tree.mayTakeBelow(at)) continue
    const node = tree.lstat(at)
    if (node === undefined || (!taken && node.type !== 'directory')) continue
    const path = joinPath(prefix, name)
    entries.push(entryOf(tree, at, path, node, links))
    if (node.type !== 'directory') continue
    const before = entries.length
    collect(tree, at, path, links, entries)
    if (!taken && entries.length === before) entries.pop()
  }
}

function entryOf(
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
  if (tree.isRacy(at, node)) return { path, node, verify: tree.fileDigest(at, node), ...extra }
  return { path, node, ...extra }
}

function describeMissing(tree: SelectableTree, visible: FileTree, pattern: string, span: Span): MissingSource {
  const unfiltered = resolvePath(tree, pattern)
  if (unfiltered.kind === 'found') {
    const excludedBy = tree.excludedBy(unfiltered.path) ?? tree.excludedBy(pathNames(pattern).join('/'))
    if (excludedBy !== undefined) return { pattern, span, excludedBy }
  }
  const reached = resolvePath(visible, pattern)
  if (reached.kind !== 'missing') return { pattern, span }
  const [wanted = '', ...rest] = reached.rest
  const names = tree.names(reached.directory).filter((name) => exists(tree, joinPath(reached.directory, name)))
  const candidate = nearest(wanted, names)
  if (candidate === undefined) return { pattern, span }
  return { pattern, span, nearest: [joinPath(reached.directory, candidate), ...rest].join('/') }
}
