import { baseName, joinPath, type SelectableTree } from '../base/index.ts'
import { slicedTree } from '../context/index.ts'
import type { WorkspaceFiles } from '../ir/index.ts'
import type { CommitTree } from '../remote/commit-tree.ts'
import { sliceWorkspace, type WorkspaceSlice, type WorkspaceSource } from '../workspace/index.ts'
import type { LazyContext } from './lazy-context.ts'
import { hiding } from './workspace-trees.ts'

/** A context directory now and at the commit. */
export interface ComparedTrees {
  readonly before: SelectableTree
  readonly after: SelectableTree
  /** The directory from the top of the repository. */
  readonly prefix: string
}

/** Files that slicing reads. */
const read = new Set([
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
])

/** A context's trees now and at a commit as a directive slices each, or what a slice cannot be made for. */
export async function compareSlices(
  { before, after, prefix }: ComparedTrees,
  commit: CommitTree,
  context: LazyContext,
  { root, packages }: WorkspaceFiles,
): Promise<Pick<ComparedTrees, 'before' | 'after'> | { readonly message: string }> {
  const now = await sliceWorkspace(
    {
      readText: (path) => context.readText(joinPath(root, path)),
      folders: (path) => context.folders(joinPath(root, path)),
    },
    packages,
  )
  if (now.kind === 'problem') return { message: now.message }
  const then = await sliceWorkspace(await committedSource(before, prefix, commit, root), packages)
  if (then.kind === 'problem') return { message: `at the commit: ${then.message}` }
  return { before: slicedAs(before, root, then), after: slicedAs(after, root, now) }
}

function slicedAs(tree: SelectableTree, root: string, slice: WorkspaceSlice): SelectableTree {
  const replaced = new Map([...slice.replaced].map(([path, text]) => [joinPath(root, path), text]))
  return slicedTree(tree, { hides: hiding(root, slice), replaced })
}

/** A workspace as it was at a commit, ignore files counted; what slicing may ask for is read beforehand. */
async function committedSource(
  tree: SelectableTree,
  prefix: string,
  commit: CommitTree,
  root: string,
): Promise<WorkspaceSource> {
  const texts = new Map<string, string | undefined>()
  const start = prefix === '' ? '' : `${prefix}/`
  for (const whole of commit.entries.keys()) {
    const path = whole.slice(start.length)
    if (whole.startsWith(start) && read.has(baseName(path)) && tree.takes(path))
      texts.set(path, await commit.text(whole))
  }
  const isFolder = (path: string): boolean =>
    tree.lstat(path)?.type === 'directory' && (tree.takes(path) || tree.mayTakeBelow(path))
  return {
    readText: (path) => texts.get(joinPath(root, path)),
    folders(path) {
      const at = path === '' ? root : joinPath(root, path)
      return tree.names(at).filter((name) => isFolder(joinPath(at, name)))
    },
  }
}
