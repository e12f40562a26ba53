import { existsSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { type IgnoreMatcher, type ListedEntry, listSelection, parseIgnore, selectFiles } from '../base/index.ts'
import { loadIgnoreFile } from '../context/index.ts'
import { contextKey, type WorkspaceFiles } from '../ir/index.ts'
import type { CopyPart, TreeSource } from '../plan/index.ts'
import type { CommitTree } from '../remote/commit-tree.ts'
import { committedTree, workingTree } from './committed-tree.ts'
import type { ComparedTrees } from './compare-slices.ts'
import type { Scene } from './scene.ts'

/** Why a step or target may come out another way than at a commit. */
export interface AffectedReason {
  /** `undecided`: git cannot tell, so it counts as a change. */
  readonly kind: 'file' | 'dockerfile' | 'bake-file' | 'target' | 'undecided'
  readonly message: string
  /** From the top of the repository. */
  readonly path?: string
  readonly change?: 'added' | 'removed' | 'changed'
}

/** Files that one step takes and that changed are named up to here. */
const mostNamed = 5

/** Compares what steps take of contexts with what the same steps would have taken at a commit. */
export class ContextComparison {
  readonly #commit: CommitTree
  readonly #links: ReadonlyMap<string, string>
  readonly #known = new Map<string, Promise<ComparedTrees | AffectedReason>>()

  private constructor(commit: CommitTree, links: ReadonlyMap<string, string>) {
    this.#commit = commit
    this.#links = links
  }

  /** Reads the symlinks of the commit; all else is read when a step asks for it. */
  static async open(commit: CommitTree): Promise<ContextComparison> {
    const links = new Map<string, string>()
    for (const [path, { mode }] of commit.entries) {
      if (mode === 0o120000) links.set(path, (await commit.text(path)) ?? '')
    }
    return new ContextComparison(commit, links)
  }

  /** What may differ of the files that a step takes from one place; empty when that is nothing. */
  async reasons(part: CopyPart, scene: Scene, source: TreeSource): Promise<readonly AffectedReason[]> {
    if (source.kind === 'workspace') return this.#workspaceReasons(part, scene, source)
    const found = await this.#trees(scene, source)
    // What is elsewhere, no change of this repository reaches.
    if (found === undefined) return []
    return 'kind' in found ? [found] : this.#compare(found, part)
  }

  async #workspaceReasons(part: CopyPart, scene: Scene, files: WorkspaceFiles): Promise<readonly AffectedReason[]> {
    const whole = await this.#trees(scene, { kind: 'context' })
    if (whole === undefined || 'kind' in whole) return whole === undefined ? [] : [whole]
    const { compareSlices } = await import('./compare-slices.ts')
    const sliced = await compareSlices(whole, this.#commit, scene.context, files)
    return 'message' in sliced ? [{ kind: 'undecided', ...sliced }] : this.#compare({ ...whole, ...sliced }, part)
  }

  async #trees(scene: Scene, source: TreeSource): Promise<ComparedTrees | AffectedReason | undefined> {
    const directory = contextDirectory(scene, source)
    if (directory === undefined) return undefined
    const dockerfile = source.kind === 'context' ? dockerfilePath(scene) : undefined
    const key = JSON.stringify([directory, dockerfile])
    const trees = this.#known.get(key) ?? this.#open(directory, dockerfile)
    this.#known.set(key, trees)
    return trees
  }

  async #open(directory: string, dockerfile: string | undefined): Promise<ComparedTrees | AffectedReason> {
    const { hash, entries } = this.#commit
    const prefix = pathInRepository(directory, this.#commit)
    if (typeof prefix !== 'string') return prefix
    const real = realpathSync(directory)
    const own = dockerfile === undefined ? undefined : pathInRepository(dockerfile, this.#commit)
    if (typeof own === 'object') return own
    const matcher = await this.#ignoreThen(prefix, own)
    const nowMatcher = loadIgnoreFile(real, dockerfile)
    return {
      before: committedTree({ entries }, prefix, matcher, this.#links),
      after: workingTree(real, nowMatcher, hash),
      prefix,
    }
  }

  /** The ignore file that a build at the commit would have read. */
  async #ignoreThen(prefix: string, dockerfile: string | undefined): Promise<IgnoreMatcher> {
    const own = dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]
    for (const path of [...own, join(prefix, '.dockerignore'), join(prefix, '.containerignore')]) {
      const text = await this.#commit.text(path)
      if (text !== undefined) return parseIgnore(text, path).matcher
    }
    return parseIgnore('', '.dockerignore').matcher
  }

  #compare(trees: ComparedTrees, { patterns, spans, rules }: CopyPart): readonly AffectedReason[] {
    const { prefix } = trees
    const before = selectFiles(trees.before, patterns, spans, rules)
    const after = selectFiles(trees.after, patterns, spans, rules)
    if (before.kind === 'missing' || after.kind === 'missing') {
      const missing = after.kind === 'missing' ? after.missing : before.kind === 'missing' ? before.missing : []
      const when = after.kind === 'missing' ? 'is not there' : 'was not there'
      return missing.map(({ pattern }) => ({ kind: 'undecided', message: `"/${pattern}" ${when}` }))
    }
    if (before.selection.contentDigest === after.selection.contentDigest) return []
    const changes = differences(
      listSelection(trees.before, before.selection),
      listSelection(trees.after, after.selection),
    )
    const named = changes.slice(0, mostNamed).map(({ path, change }) => this.#reason(join(prefix, path), change))
    const rest = changes.length - named.length
    if (rest > 0) named.push({ kind: 'file', message: `and ${rest} more` })
    // Equal files under other names: what a pattern matched has changed.
    return named.length > 0 ? named : [{ kind: 'file', message: `what ${patterns.join(' ')} names has changed` }]
  }

  #reason(path: string, change: 'added' | 'removed' | 'changed'): AffectedReason {
    if (/(^|\/)\.git(\/|$)/.test(path)) {
      const message = `takes ${path}, which changes with every commit: add .git to the ignore file`
      return { kind: 'undecided', message, path }
    }
    const inside = [...this.#commit.entries].find(
      ([module, { mode }]) => mode === 0o160000 && (path === module || path.startsWith(`${module}/`)),
    )
    if (inside !== undefined) {
      const message = `${path} is of the submodule ${inside[0]}, whose commit is not here`
      return { kind: 'undecided', message, path }
    }
    return { kind: 'file', message: `${path} was ${change}`, path, change }
  }
}

/** Where the files of a context are, when that is on this machine. */
export function contextDirectory({ request, host, context, contexts }: Scene, source: TreeSource): string | undefined {
  if (source.kind === 'context') return context.fetched ? undefined : resolve(host.cwd, request.context)
  if (source.kind !== 'named' || contexts.remote(source.name) !== undefined) return undefined
  const value = Object.entries(request.contexts).find(([written]) => contextKey(written) === source.name)?.[1]
  return value === undefined ? undefined : resolve(host.cwd, value)
}

/** The file that the Dockerfile was read from; undefined when it was in none. */
export function dockerfilePath({ request, host, source, context }: Scene): string | undefined {
  if (request.dockerfileText !== undefined || request.file === '-' || context.fetched) return undefined
  const path = isAbsolute(source.name) ? source.name : join(host.cwd, source.name)
  return existsSync(path) ? path : undefined
}

/**
 * A path of this machine from the top of the repository; or why it is none. A path through a symlink is none: what the link meant at
 * the commit may be another place.
 */
export function pathInRepository(path: string, { root }: Pick<CommitTree, 'root'>): string | AffectedReason {
  // The repository may itself be reached by a symlink; what counts is inside.
  let outside = resolve(path)
  while (outside !== dirname(outside) && realpathSync(outside) !== root) outside = dirname(outside)
  if (realpathSync(outside) !== root) {
    return { kind: 'undecided', message: `${path} lies outside of the repository` }
  }
  const inside = relative(outside, resolve(path))
  if (realpathSync(path) === join(root, inside)) return inside
  return { kind: 'undecided', message: `${inside} is or lies behind a symbolic link`, path: inside }
}

interface Difference {
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
}

function differences(before: readonly ListedEntry[], after: readonly ListedEntry[]): readonly Difference[] {
  const text = ({ type, mode, content = '' }: ListedEntry): string => `${type} ${mode} ${content}`
  const [then, now] = [before, after].map((list) => new Map(list.map((entry) => [entry.path, text(entry)])))
  const paths = [...new Set([...(then?.keys() ?? []), ...(now?.keys() ?? [])])].sort()
  return paths.flatMap((path): readonly Difference[] => {
    const [old, current] = [then?.get(path), now?.get(path)]
    if (old === current) return []
    return [{ path, change: old === undefined ? 'added' : current === undefined ? 'removed' : 'changed' }]
  })
}
