import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { type FileSelection, joinPath, parentPath } from '../base/index.ts'
import type { GitIgnored } from './git-ignored-report.ts'

const mostExamples = 3

/**
 * Finds the selected files that git would ignore, by the `.gitignore` files from the context's root down and
 * `.git/info/exclude`. Undefined when there is none, or when the context has neither `.gitignore` nor `.git`.
 */
export function findGitIgnored(root: string, selection: FileSelection): GitIgnored | undefined {
  if (!existsSync(join(root, '.gitignore')) && !existsSync(join(root, '.git'))) return undefined
  const rules = new GitRules(root)
  const examples = new Set<string>()
  let count = 0
  for (const match of selection.sources.flatMap((source) => source.matches)) {
    for (const entry of match.entries) {
      if (entry.node.type === 'directory') continue
      const path = entry.path === '' ? match.resolved : joinPath(match.resolved, entry.path)
      const ignored = rules.ignoredTop(path)
      if (ignored === undefined) continue
      count += 1
      if (examples.size < mostExamples) examples.add(ignored)
    }
  }
  return count === 0 ? undefined : { count, examples: [...examples] }
}

/** The ignore rules of a work tree, read as directories are met. */
class GitRules {
  readonly #root: string
  readonly #files = new Map<string, Ignore | undefined>()
  /** By directory: whether it is ignored, or the ignored directory above it. */
  readonly #directories = new Map<string, string | undefined>()

  constructor(root: string) {
    this.#root = root
  }

  /** The topmost ignored path that holds `path`, or undefined. */
  ignoredTop(path: string): string | undefined {
    return this.#directoryTop(parentPath(path)) ?? (this.#isIgnored(path, false) ? path : undefined)
  }

  #directoryTop(directory: string): string | undefined {
    if (directory === '') return undefined
    if (this.#directories.has(directory)) return this.#directories.get(directory)
    const above = this.#directoryTop(parentPath(directory))
    const top = above ?? (this.#isIgnored(directory, true) ? `${directory}/` : undefined)
    this.#directories.set(directory, top)
    return top
  }

  /** Asks the rule files from the nearest directory upwards; the nearest with an opinion decides (gitignore(5)). */
  #isIgnored(path: string, isDirectory: boolean): boolean {
    for (let directory = parentPath(path); ; directory = parentPath(directory)) {
      const relative = directory === '' ? path : path.slice(directory.length + 1)
      const verdict = this.#rulesIn(directory)?.test(isDirectory ? `${relative}/` : relative)
      if (verdict?.ignored === true) return true
      if (verdict?.unignored === true || directory === '') return false
    }
  }

  #rulesIn(directory: string): Ignore | undefined {
    if (this.#files.has(directory)) return this.#files.get(directory)
    const names = directory === '' ? ['.git/info/exclude', '.gitignore'] : ['.gitignore']
    const texts = names.map((name) => join(this.#root, directory, name)).filter((path) => existsSync(path))
    const rules =
      texts.length === 0 ? undefined : ignore().add(texts.map((path) => readFileSync(path, 'utf8')).join('\n'))
    this.#files.set(directory, rules)
    return rules
  }
}
