/**
 * Words and values every room uses: digests, spans, diagnostics, errors, canonical hashing.
 * Pure: imports nothing but hashing, knows no clock, no disk, no process.
 */

export type { Brand } from './brand.ts'
export { decodePath, encodePath, mayBeBroken, osPath, printablePath, sortNames } from './byte-path.ts'
export { type Canonical, canonicalHash } from './canonical-hash.ts'
export {
  type Diagnostic,
  type Fix,
  hasErrors,
  type RelatedPlace,
  type Severity,
  type TextEdit,
} from './diagnostic.ts'
export {
  type ContentDigest,
  type DiffId,
  type Digest,
  digestHex,
  digestOf,
  isDigest,
  parseContentDigest,
  parseDiffId,
  parseDigest,
  parseStepKey,
  type StepKey,
} from './digest.ts'
export type {
  FileSelection,
  MissingSource,
  SelectableTree,
  SelectedEntry,
  SelectedPath,
  SelectedSource,
  SelectFilesResult,
  SelectionRules,
} from './file-selection.ts'
export { type FileNode, type FileTree, type ResolvedPath, resolvePath } from './file-tree.ts'
export { type IgnoreMatcher, type IgnoreRule, matchPatterns, type ParsedIgnore, parseIgnore } from './ignore-rules.ts'
export { assertNever, invariant } from './invariant.ts'
export { type ListedEntry, listSelection } from './list-selection.ts'
export {
  type FileOwner,
  type GroupEntry,
  type PasswdEntry,
  parseGroup,
  parseId,
  parsePasswd,
  type ResolvedUser,
  resolveFileOwner,
  resolveUser,
} from './passwd.ts'
export { baseName, cleanPath, compileGlob, hasWildcards, joinPath, parentPath, pathNames } from './path-pattern.ts'
export { selectFiles } from './select-files.ts'
export { parseSize } from './size.ts'
export { lineText, type Position, positionAt, type SourceFile, type Span, sourceFile } from './span.ts'
export { storeAction, storeError } from './store-error.ts'
export { compareCodeUnits, nearest, redactUrl, sanitizeForTerminal, sanitizeLine } from './text.ts'
export { applyFixes, type FixedText, replacing } from './text-edit.ts'
export { errnoCode, errorMessage, ToolError, type ToolErrorCode, type ToolErrorOptions } from './tool-error.ts'
export { TreeDigest, type TreeEntry, type TreeEntryType } from './tree-digest.ts'
