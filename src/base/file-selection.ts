import type { ContentDigest } from './digest.ts'
import type { FileNode, FileTree } from './file-tree.ts'
import type { Span } from './span.ts'

/** One file or directory that a COPY takes. Directories come before what is in them, names in byte order. */
export interface SelectedEntry {
  /** Relative to the match's directory; empty for a match that is no directory. */
  readonly path: string
  readonly node: FileNode
  /** Text of a symlink. */
  readonly target?: string
  /** For a further hard link of a file in the same match: `path` of the first one. */
  readonly sameAs?: string
  /** Extended attributes that belong to the content, sorted by name. */
  readonly xattrs?: readonly (readonly [name: string, value: Uint8Array])[]
  /** Bytes of a file that is on no disk: it counts as last changed at time 0. */
  readonly content?: Uint8Array
  /** sha256 of the file, given when a later change might not show in its times. */
  readonly verify?: Uint8Array
}

/** One thing a source pattern matched. */
export interface SelectedPath {
  /** Path relative to the root as matched, for the base name. */
  readonly path: string
  /** Where it really is, relative to the root, symlinks followed inside the root. */
  readonly resolved: string
  readonly type: 'file' | 'directory' | 'other'
  /** What it brings: a directory brings what is in it, not itself. */
  readonly entries: readonly SelectedEntry[]
}

/** One source argument of a COPY, resolved: the files it names. */
export interface SelectedSource {
  /** Source text as asked for. */
  readonly pattern: string
  readonly matches: readonly SelectedPath[]
}

/** What a COPY takes, and its identity. */
export interface FileSelection {
  readonly sources: readonly SelectedSource[]
  /** Content digest of everything selected, base names of the matches included, times and paths above them not. */
  readonly contentDigest: ContentDigest
  readonly files: number
  readonly sizeBytes: number
}

/** What flags of COPY and ADD change about the files that sources name. */
export interface SelectionRules {
  /** --exclude: patterns as in an ignore file, relative to each source; a source that is a file is matched by its name. */
  readonly excludes: readonly string[]
  /**
   * --parents: a source keeps its path, or the part behind `/./`. That part is a pattern of an ignore file, where `**`
   * is any depth; the part in front of `/./` is an ordinary source.
   */
  readonly parents: boolean
}

/** A source that does not exist, with the reason if it is an ignore rule. */
export interface MissingSource {
  readonly pattern: string
  readonly span: Span
  readonly excludedBy?: { readonly file: string; readonly line: number; readonly rule: string }
  readonly nearest?: string
  /** The pattern itself is malformed (`[a`). */
  readonly malformed?: true
}

/** A tree with what selecting needs beside: which paths count, and the identity of files. */
export interface SelectableTree extends FileTree {
  /** False when an ignore rule leaves the path out. */
  takes(path: string): boolean
  /** True when something below the left-out directory may be taken again. */
  mayTakeBelow(path: string): boolean
  /** The rule that leaves out a path. */
  excludedBy(path: string): MissingSource['excludedBy']
  /** Raw sha256 of a regular file. */
  fileDigest(path: string, node: FileNode): Uint8Array
  /** True when the file may change after this without its times telling. */
  isRacy(path: string, node: FileNode): boolean
  xattrs(path: string, node: FileNode): SelectedEntry['xattrs']
  /** Bytes of a file that is on no disk; absent for a tree that has none. */
  content?(path: string): Uint8Array | undefined
  /** True for a path that is left out on purpose, so that a source that names it takes nothing and is not missing. */
  isHidden?(path: string): boolean
}

export type SelectFilesResult =
  | { readonly kind: 'selected'; readonly selection: FileSelection }
  | { readonly kind: 'missing'; readonly missing: readonly MissingSource[] }
