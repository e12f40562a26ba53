import { collectDirectory, entryOf, existsIn, visiblePart } from './collect-files.ts'
import type {
  MissingSource,
  SelectableTree,
  SelectedPath,
  SelectedSource,
  SelectFilesResult,
  SelectionRules,
} from './file-selection.ts'
import { type FileTree, resolvePath } from './file-tree.ts'
import { bothFilters, excludeFilter, includeFilter, type PathFilter } from './path-filter.ts'
import { compileGlob, hasWildcards, joinPath, parentPath, pathNames } from './path-pattern.ts'
import { digestSelection } from './selection-digest.ts'
import type { Span } from './span.ts'
import { nearest } from './text.ts'

const noRules: SelectionRules = { excludes: [], parents: false }

/**
 * Picks what COPY sources name. A literal source must exist, and so must the names in front of a pattern's first wildcard;
 * a pattern may match nothing. A match that is a symlink, or
 * whose path goes through one, is followed inside the root; symlinks inside a directory stay symlinks. `spans` are the
 * places of the sources, for the missing ones.
 */
export function selectFiles(
  tree: SelectableTree,
  sources: readonly string[],
  spans: readonly Span[],
  rules: SelectionRules = noRules,
): SelectFilesResult {
  const selector = new Selector(tree, rules.excludes)
  const selected: SelectedSource[] = []
  for (const [index, pattern] of sources.entries()) {
    const span = spans[index] ?? { start: 0, end: 0 }
    const matches = rules.parents ? selector.withParents(pattern, span) : selector.plain(pattern, span)
    selected.push({ pattern, matches })
  }
  if (selector.missing.length > 0) return { kind: 'missing', missing: selector.missing }
  return { kind: 'selected', selection: { sources: selected, ...digestSelection(tree, selected) } }
}

/** Looks sources up one by one; what is not there is collected in `missing`. */
class Selector {
  readonly missing: MissingSource[] = []
  readonly #tree: SelectableTree
  readonly #visible: FileTree
  readonly #excludes: PathFilter

  constructor(tree: SelectableTree, excludes: readonly string[]) {
    this.#tree = tree
    this.#visible = visiblePart(tree)
    this.#excludes = excludeFilter(excludes)
  }

  plain(pattern: string, span: Span): SelectedPath[] {
    const wild = hasWildcards(pattern)
    if (wild && !this.#hasFront(pattern, span)) return []
    return this.#paths(pattern, span).flatMap((path) => {
      const match = this.#selectPath(path)
      if (match !== undefined) return match === 'excluded' ? [] : [match]
      if (this.#isHidden(path)) return []
      this.missing.push(this.#describeMissing(wild ? path : pattern, span))
      return []
    })
  }

  /** What stands in front of the first wildcard is literal, so it must be there; it is missing otherwise. */
  #hasFront(pattern: string, span: Span): boolean {
    const names = pathNames(pattern)
    const front = names.slice(0, names.findIndex(hasWildcards)).join('/')
    const found = resolvePath(this.#visible, front)
    if (found.kind === 'found' && existsIn(this.#tree, found.path)) return true
    if (this.#isHidden(front)) return false
    this.missing.push(this.#describeMissing(front, span))
    return false
  }

  /** The path of the source is kept below its pivot, the part in front of `/./`, or below the root. */
  withParents(pattern: string, span: Span): SelectedPath[] {
    const cut = pattern.indexOf('/./')
    const pivot = cut < 0 ? '' : pattern.slice(0, cut)
    const kept = pathNames(cut < 0 ? pattern : pattern.slice(cut + 2)).join('/')
    const include = includeFilter(kept)
    if (include === undefined) {
      this.missing.push({ pattern, span, malformed: true })
      return []
    }
    const literal = !hasWildcards(pivot) && !hasWildcards(kept)
    return this.#paths(pivot, span).flatMap((path) => {
      const found = resolvePath(this.#visible, path)
      const isThere = found.kind === 'found' && found.node.type === 'directory'
      if (literal && !(isThere && this.#isReal(found.path, kept))) {
        if (this.#isHidden(joinPath(path, kept))) return []
        this.missing.push(this.#describeMissing(pathNames(`${pivot}/${kept}`).join('/'), span))
        return []
      }
      if (!isThere) return []
      const entries = collectDirectory(this.#tree, found.path, bothFilters(include, this.#excludes))
      return [{ path, resolved: found.path, type: 'directory' as const, entries }]
    })
  }

  /** Paths that a source may mean: itself, or what its wildcards match; none when it is malformed. */
  #paths(pattern: string, span: Span): readonly string[] {
    if (!hasWildcards(pattern)) return [pathNames(pattern).join('/')]
    const paths = expandPattern(this.#tree, this.#visible, pattern)
    if (paths === undefined) this.missing.push({ pattern, span, malformed: true })
    return paths ?? []
  }

  /** Whether `kept` is in the directory and goes through no symlink: a kept path is never followed (BuildKit). */
  #isReal(directory: string, kept: string): boolean {
    if (kept === '') return true
    const path = joinPath(directory, kept)
    const above = resolvePath(this.#visible, parentPath(path))
    const isReal = above.kind === 'found' && above.path === parentPath(path) && above.node.type === 'directory'
    return isReal && this.#visible.lstat(path) !== undefined && existsIn(this.#tree, path)
  }

  #isHidden(path: string): boolean {
    return this.#tree.isHidden?.(pathNames(path).join('/')) === true
  }

  #selectPath(path: string): SelectedPath | 'excluded' | undefined {
    const found = resolvePath(this.#visible, path)
    if (found.kind !== 'found' || !existsIn(this.#tree, found.path)) return undefined
    const { node, path: resolved } = found
    if (node.type === 'directory') {
      return { path, resolved, type: 'directory', entries: collectDirectory(this.#tree, resolved, this.#excludes) }
    }
    if (!this.#excludes.takes(pathNames(path).at(-1) ?? '')) return 'excluded'
    const entries = [entryOf(this.#tree, resolved, '', node, new Map())]
    return { path, resolved, type: node.type === 'file' ? 'file' : 'other', entries }
  }

  #describeMissing(pattern: string, span: Span): MissingSource {
    const unfiltered = resolvePath(this.#tree, pattern)
    if (unfiltered.kind === 'found') {
      const excludedBy = this.#tree.excludedBy(unfiltered.path) ?? this.#tree.excludedBy(pathNames(pattern).join('/'))
      if (excludedBy !== undefined) return { pattern, span, excludedBy }
    }
    const reached = resolvePath(this.#visible, pattern)
    if (reached.kind !== 'missing') return { pattern, span }
    const [wanted = '', ...rest] = reached.rest
    const names = this.#tree
      .names(reached.directory)
      .filter((name) => existsIn(this.#tree, joinPath(reached.directory, name)))
    const candidate = nearest(wanted, names)
    if (candidate === undefined) return { pattern, span }
    return { pattern, span, nearest: [joinPath(reached.directory, candidate), ...rest].join('/') }
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
  return paths.filter((path) => existsIn(tree, path))
}
