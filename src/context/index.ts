/**
 * Build contexts: a directory and an ignore file come in, selections of files with their identity go out. Looks only at
 * what is asked for, remembers fingerprints between builds, never leaves the root. Loads no FFI: a cached build uses it.
 */

export type { GitIgnored } from './git-ignored-report.ts'
export { loadIgnoreFile } from './ignore-file.ts'
export { type BuildContext, type ContextOptions, type DecidingRule, openContext } from './open-context.ts'
export { readContextFile, resolveFolder } from './read-context-file.ts'
export { slicedTree, type TreeSlice } from './sliced-tree.ts'
