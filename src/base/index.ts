/**
 * Words and values every room uses: digests, spans, diagnostics, errors, canonical hashing.
 * Pure: imports nothing but hashing, knows no clock, no disk, no process.
 */
export type { Brand } from './brand.ts'
export { type Canonical, canonicalHash } from './canonical-hash.ts'
export { type Diagnostic, type Fix, hasErrors, type RelatedPlace, type Severity } from './diagnostic.ts'
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
export { assertNever, invariant } from './invariant.ts'
export { lineText, type Position, positionAt, type SourceFile, type Span, sourceFile } from './span.ts'
export { compareCodeUnits, nearest, redactUrl, sanitizeForTerminal } from './text.ts'
export { errnoCode, errorMessage, ToolError, type ToolErrorCode, type ToolErrorOptions } from './tool-error.ts'
export { TreeDigest, type TreeEntry, type TreeEntryType } from './tree-digest.ts'
