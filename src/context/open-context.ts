import { realpathSync, statSync } from 'node:fs'
import {
  errorMessage,
  type FileSelection,
  joinPath,
  type ListedEntry,
  listSelection,
  osPath,
  type SelectFilesResult,
  type SelectionRules,
  type Span,
  selectFiles,
  ToolError,
} from '../base/index.ts'
import { contextTree } from './context-tree.ts'
import { FingerprintMemo } from './fingerprint-memo.ts'
import type { GitIgnored } from './git-ignored-report.ts'
import { readFileText } from './hash-file.ts'
import { loadIgnoreFile, noRules } from './ignore-file.ts'
import { newestFile } from './newest-file.ts'
import { slicedTree, type TreeSlice } from './sliced-tree.ts'

export interface ContextOptions {
  readonly directory: string
  /** Path of the Dockerfile: `<Dockerfile>.dockerignore` beside it is preferred to the context's own ignore file. */
  readonly dockerfile?: string
  /** False takes every file: ignore files are for the directories of people, not for what was fetched. */
  readonly ignores?: boolean
  /** Where fingerprints are remembered from build to build. */
  readonly memoFile: string
  nowMs(): number
}

/** A line of an ignore file. */
export interface DecidingRule {
  readonly file: string
  readonly line: number
  readonly rule: string
}

/** A directory whose files COPY and ADD can take. */
export interface BuildContext {
  /** The directory itself, symlinks resolved. */
  readonly root: string
  /** Picks what `sources` name; only that is looked at, and no file is read twice that did not change. */
  select(sources: readonly string[], spans: readonly Span[], rules?: SelectionRules): SelectFilesResult
  /** Every file of a selection with its identity. */
  list(selection: FileSelection): readonly ListedEntry[]
  /** The ignore rule that decides about a path: it excludes it, or takes it in again. Undefined when none matches. */
  decidingRule(path: string): DecidingRule | undefined
  /** What of a selection git ignores, or undefined when that is nothing. */
  gitIgnored(selection: FileSelection): Promise<GitIgnored | undefined>
  /** Time of the newest file in milliseconds since 1970; undefined without a file. Reads no file. */
  newestFile(): number | undefined
  /** The same without some files, and with another content of others. */
  sliced(slice: TreeSlice): Pick<BuildContext, 'root' | 'select' | 'list'>
  /** Text of a regular file that is taken; undefined when there is none. Read once. */
  readText(path: string): string | undefined
  /** Names of directories in a directory, in byte order. */
  folders(path: string): readonly string[]
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
  const ignore = options.ignores === false ? noRules() : loadIgnoreFile(root, options.dockerfile)
  const texts = new Map<string, string>()
  const tree = contextTree(root, ignore, memo, () => options.nowMs())
  return {
    root,
    select: (sources, spans, rules) => selectFiles(tree, sources, spans, rules),
    list: (selection) => listSelection(tree, selection),
    decidingRule(path) {
      const rule = ignore.decidingRule(path)
      return rule === undefined ? undefined : { file: ignore.fileName, line: rule.line, rule: rule.text }
    },
    async gitIgnored(selection) {
      const { findGitIgnored } = await import('./git-ignored.ts')
      return findGitIgnored(root, selection)
    },
    sliced(slice) {
      const part = slicedTree(tree, slice)
      return {
        root,
        select: (sources, spans, rules) => selectFiles(part, sources, spans, rules),
        list: (selection) => listSelection(part, selection),
      }
    },
    readText(path) {
      const node = tree.takes(path) ? tree.lstat(path) : undefined
      if (node?.type !== 'file') return undefined
      const text = texts.get(path) ?? readFileText(osPath(`${root}/${path}`), path, node)
      texts.set(path, text)
      return text
    },
    folders(path) {
      const isFolder = (name: string): boolean => {
        const at = joinPath(path, name)
        return tree.lstat(at)?.type === 'directory' && (tree.takes(at) || tree.mayTakeBelow(at))
      }
      return tree.names(path).filter(isFolder)
    },
    newestFile: () => newestFile(tree),
    save: () => memo.save(),
  }
}

function rootOf(directory: string): string {
  const hint = 'the last argument of `longshore build` is a directory, for example `longshore build -t app .`'
  try {
    const stat = statSync(directory, { throwIfNoEntry: false })
    if (stat?.isDirectory()) return realpathSync(directory)
    const why = stat === undefined ? 'does not exist' : 'is not a directory'
    throw new ToolError('context-not-found', `the build context "${directory}" ${why}`, { hint })
  } catch (error) {
    if (error instanceof ToolError) throw error
    const message = `cannot open the build context "${directory}": ${errorMessage(error)}`
    throw new ToolError('context-not-found', message, { hint, cause: error })
  }
}
