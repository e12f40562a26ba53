import type { ContentDigest, Span } from '../base/index.ts'

/** One source argument of a COPY, resolved: the files it names. */
export interface SelectedSource {
  /** Source text as asked for. */
  readonly pattern: string
  /** Paths relative to the root that the pattern matched, in order, with what each is after following a symlink at its end. */
  readonly matches: readonly SelectedPath[]
}

export interface SelectedPath {
  /** Path relative to the root as matched, for the base name. */
  readonly path: string
  /** Where it really is, relative to the root, symlinks followed inside the root. */
  readonly resolved: string
  readonly type: 'file' | 'directory' | 'other'
}

/** What a COPY from the build context takes, and its identity. */
export interface ContextSelection {
  readonly sources: readonly SelectedSource[]
  /** Content digest of everything selected, base names of the matches included; owners count as 0:0. */
  readonly contentDigest: ContentDigest
  readonly files: number
  readonly sizeBytes: number
}

/** A source that does not exist, with the reason if it is an ignore rule. */
export interface MissingSource {
  readonly pattern: string
  readonly span: Span
  readonly excludedBy?: { readonly file: string; readonly line: number; readonly rule: string }
  readonly nearest?: string
}
