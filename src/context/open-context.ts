import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  errnoCode,
  errorMessage,
  type FileSelection,
  type SelectFilesResult,
  type Span,
  selectFiles,
  ToolError,
} from '../base/index.ts'
import { contextTree } from './context-tree.ts'
import { FingerprintMemo } from './fingerprint-memo.ts'
import type { GitIgnored } from './git-ignored-report.ts'
import { type IgnoreMatcher, parseIgnore } from './ignore-rules.ts'

export interface ContextOptions {
  readonly directory: string
  /** Path of the Dockerfile: `<Dockerfile>.dockerignore` beside it is preferred to the context's own ignore file. */
  readonly dockerfile: string
  /** Where fingerprints are remembered from build to build. */
  readonly memoFile: string
  nowMs(): number
}

/** A directory whose files COPY and ADD can take. */
export interface BuildContext {
  /** The directory itself, symlinks resolved. */
  readonly root: string
  /** Picks what `sources` name; only that is looked at, and no file is read twice that did not change. */
  select(sources: readonly string[], spans: readonly Span[]): SelectFilesResult
  /** What of a selection git ignores, or undefined when that is nothing. */
  gitIgnored(selection: FileSelection): Promise<GitIgnored | undefined>
  /** Writes the memo, if there is something new. */
  save(): void
}

/**
 * Opens a build context and reads its ignore file. Throws `ToolError` `context-not-found`, `context-unreadable`, and
 * `usage` for an ignore file with a malformed pattern.
 */
export function openContext(options: ContextOptions): BuildContext {
  const root = rootOf(options.directory)
  const memo = new FingerprintMemo(options.memoFile)
  const tree = contextTree(root, readIgnoreFile(root, options.dockerfile), memo, () => options.nowMs())
  return {
    root,
    select: (sources, spans) => selectFiles(tree, sources, spans),
    async gitIgnored(selection) {
      const { findGitIgnored } = await import('./git-ignored.ts')
      return findGitIgnored(root, selection)
    },
    save: () => memo.save(),
  }
}

function rootOf(directory: string): string {
  const stat = statSync(directory, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return realpathSync(directory)
  throw new ToolError(
    'context-not-found',
    `the build context "${directory}" ${stat === undefined ? 'does not exist' : 'is not a directory'}`,
    {
      hint: 'the last argument of `longshore build` is a directory, for example `longshore build -t app .`',
    },
  )
}

/** The ignore file that counts: the Dockerfile's own, else `.dockerignore`, else `.containerignore` of the context. */
function readIgnoreFile(root: string, dockerfile: string): IgnoreMatcher {
  const own = `${dockerfile}.dockerignore`
  const candidates: readonly (readonly [path: string, name: string])[] = [
    [own, basename(own)],
    [join(root, '.dockerignore'), '.dockerignore'],
    [join(root, '.containerignore'), '.containerignore'],
  ]
  for (const [path, name] of candidates) {
    const text = readText(path, name)
    if (text === undefined) continue
    const { matcher, diagnostics } = parseIgnore(text, name)
    const [bad] = diagnostics
    if (bad === undefined) return matcher
    const line = text.slice(0, bad.span.start).split('\n').length
    throw new ToolError('usage', `${name}:${line}: ${bad.message}`, bad.hint === undefined ? {} : { hint: bad.hint })
  }
  return parseIgnore('', '.dockerignore').matcher
}

function readText(path: string, name: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return undefined
    throw new ToolError('context-unreadable', `cannot read ${name}: ${errorMessage(error)}`, {
      hint: 'check its type and permissions',
      cause: error,
    })
  }
}
