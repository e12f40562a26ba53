import { assertNever, type Diagnostic, invariant, type ListedEntry } from '../base/index.ts'
import type { OpenTree, TreePort } from '../build/index.ts'
import { type BuildContext, openContext } from '../context/index.ts'
import type { WorkspaceFiles } from '../ir/index.ts'
import { type TreeSource, treeName } from '../plan/index.ts'
import { type FetchedTree, type FetchSettings, fetchFileTree, fetchGitTree } from './fetched-trees.ts'
import { type LazyContext, memoFile } from './lazy-context.ts'
import type { NamedContexts } from './named-contexts.ts'
import type { TakenOf, WorkspaceTrees } from './workspace-trees.ts'

type OpenedTree = (OpenTree & { save(): void }) | { readonly diagnostics: readonly Diagnostic[] }

/** Trees outside of any image, and what is remembered of them. */
export interface Trees extends TreePort {
  /** Every file that sources take of a sliced workspace, and the entries of its lock file; empty when one is not there. */
  listWorkspace(files: WorkspaceFiles, taken: TakenOf): readonly ListedEntry[]
  save(): void
}

/** The trees of a build: its context, its named contexts, and what ADD fetches. */
export function treePort(settings: FetchSettings, context: LazyContext, named: NamedContexts): Trees {
  const opened = new Map<string, OpenTree & { save(): void }>()
  const openFetched = (tree: FetchedTree): BuildContext =>
    openContext({
      directory: tree.directory,
      ignores: false,
      memoFile: tree.memoFile ?? memoFile(tree.directory, '', settings.store),
      nowMs: () => settings.nowMs(),
    })
  let workspaces: WorkspaceTrees | undefined
  /** What slices is loaded with the first directive. */
  const openWorkspace = async (source: WorkspaceFiles): Promise<OpenedTree> => {
    const { workspaceTrees } = await import('./workspace-trees.ts')
    workspaces ??= workspaceTrees(context, settings.store)
    return workspaces.open(source)
  }
  const open = async (source: TreeSource): Promise<OpenedTree> => {
    switch (source.kind) {
      case 'context':
        return context
      case 'workspace':
        return openWorkspace(source)
      case 'named':
        return named.open(source.name, openFetched)
      case 'http':
        return openFetched((await fetchFileTree(settings, source)).tree)
      case 'git':
        return openFetched(await fetchGitTree(settings, source))
      default:
        return assertNever(source)
    }
  }
  return {
    async fetch(source) {
      const name = treeName(source)
      if (opened.has(name)) return []
      const tree = await open(source)
      if ('diagnostics' in tree) return tree.diagnostics
      opened.set(name, tree)
      return []
    },
    open(source) {
      const tree = opened.get(treeName(source))
      invariant(tree !== undefined, `${treeName(source)} was not fetched`)
      return tree
    },
    listWorkspace: (files, taken) => workspaces?.list(files, taken) ?? [],
    save() {
      for (const tree of opened.values()) tree.save()
    },
  }
}
