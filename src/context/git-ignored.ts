import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { errnoCode, type FileSelection, joinPath, parentPath } from '../base/index.ts'
import type { GitIgnored } from './git-ignored-report.ts'

const mostExamples = 3
const largestBytes = 4 * 1024 * 1024

/**
 * Tells which selected files git ignores, by .gitignore files down the tree (from the repository's root, when the
 * context is a part of it) and .git/info/exclude. Files that were added by force count as ignored: git's index is not
 * read. A rule file that cannot be read has no rules. Undefined when git ignores none, or when the context has neither
 * `.gitignore` nor a repository around it.
 */
export function findGitIgnored(directory: string, selection: FileSelection): GitIgnored | undefined {
  const repository = repositoryOf(directory)
  if (repository === undefined && !existsSync(join(directory, '.gitignore'))) return undefined
  const judge = new GitJudge(repository ?? directory, directory)
  const seen = new Set<string>()
  const counts = new Map<string, number>()
  let count = 0
  for (const match of selection.sources.flatMap((source) => source.matches)) {
    for (const entry of match.entries) {
      if (entry.node.type === 'directory') continue
      const path = entry.path === '' ? match.resolved : joinPath(match.resolved, entry.path)
      const top = seen.has(path) ? undefined : judge.ignoredAt(path)
      seen.add(path)
      if (top === undefined) continue
      count++
      counts.set(top, (counts.get(top) ?? 0) + 1)
    }
  }
  if (count === 0) return undefined
  const examples = [...counts].sort((a, b) => b[1] - a[1]).map(([path]) => path)
  return { count, examples: examples.slice(0, mostExamples) }
}

/** Judges paths of the context by the rules of the repository around it. */
class GitJudge {
  readonly #repository: string
  /** The context's path in the repository. */
  readonly #prefix: string
  readonly #rules = new Map<string, Ignore | undefined>()
  readonly #directories = new Map<string, string | undefined>()
  readonly #excludes: Ignore | undefined

  constructor(repository: string, directory: string) {
    this.#repository = repository
    this.#prefix = relative(repository, directory)
    this.#excludes = readRules(join(this.#repository, '.git/info/exclude'))
  }

  /** The topmost ignored directory (`path/`) the file lies in, or the file itself, relative to the context; undefined when it is tracked. */
  ignoredAt(path: string): string | undefined {
    const above = this.#ignoredDirectory(parentPath(path))
    if (above !== undefined) return above
    return this.#isIgnored(joinPath(this.#prefix, path), false) ? path : undefined
  }

  #ignoredDirectory(directory: string): string | undefined {
    if (directory === '') return undefined
    if (this.#directories.has(directory)) return this.#directories.get(directory)
    const above = this.#ignoredDirectory(parentPath(directory))
    const result = above ?? (this.#isIgnored(joinPath(this.#prefix, directory), true) ? `${directory}/` : undefined)
    this.#directories.set(directory, result)
    return result
  }

  /** The deepest rule file that has an opinion decides (gitignore(5)). `path` is relative to the repository. */
  #isIgnored(path: string, isDirectory: boolean): boolean {
    for (let from = parentPath(path); ; from = parentPath(from)) {
      const verdict = ask(this.#rulesIn(from), from === '' ? path : path.slice(from.length + 1), isDirectory)
      if (verdict !== undefined) return verdict
      if (from === '') return ask(this.#excludes, path, isDirectory) ?? false
    }
  }

  #rulesIn(directory: string): Ignore | undefined {
    if (this.#rules.has(directory)) return this.#rules.get(directory)
    const rules = readRules(join(this.#repository, directory, '.gitignore'))
    this.#rules.set(directory, rules)
    return rules
  }
}

function ask(rules: Ignore | undefined, path: string, isDirectory: boolean): boolean | undefined {
  const verdict = rules?.test(isDirectory ? `${path}/` : path)
  if (verdict === undefined || verdict.ignored === verdict.unignored) return undefined
  return verdict.ignored
}

/** The nearest directory from `directory` up that holds `.git`. */
function repositoryOf(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (at === dirname(at)) return undefined
  }
}

function readRules(file: string): Ignore | undefined {
  let fd: number | undefined
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY)
    const stats = fstatSync(fd)
    if (!stats.isFile() || stats.size > largestBytes) return undefined
    return ignore({ ignorecase: false, allowRelativePaths: true }).add(readFileSync(fd, 'utf8'))
  } catch (error) {
    // Git itself goes on without rules it cannot read, and follows no symlink here.
    if (errnoCode(error) !== undefined) return undefined
    throw error
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
