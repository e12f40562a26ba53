import {
  canonicalHash,
  type Diagnostic,
  joinPath,
  type ListedEntry,
  type SelectionRules,
  type Span,
} from '../base/index.ts'
import type { OpenTree } from '../build/index.ts'
import type { WorkspaceFiles } from '../ir/index.ts'
import { treeName } from '../plan/index.ts'
import type { Store } from '../store/index.ts'
import type { WorkspaceProblem, WorkspaceSlice } from '../workspace/index.ts'
import type { LazyContext } from './lazy-context.ts'
import { rememberedSlice } from './slice-memo.ts'

/** What a COPY or a mount takes of a tree. */
export interface TakenOf {
  readonly sources: readonly string[]
  readonly sourceSpans: readonly Span[]
  readonly rules?: SelectionRules | undefined
}

type SlicedContext = ReturnType<LazyContext['sliced']>

/** The build context as `# longshore:workspace` directives leave it. */
export interface WorkspaceTrees {
  /** Slices the workspace, or says why that cannot be done. What slices is loaded here. */
  open(files: WorkspaceFiles): Promise<(OpenTree & { save(): void }) | { readonly diagnostics: readonly Diagnostic[] }>
  /** Of one that was opened: every file that is taken, then the entries of its lock file where that is among them. */
  list(files: WorkspaceFiles, taken: TakenOf): readonly ListedEntry[]
}

interface OpenedWorkspace {
  readonly tree: SlicedContext
  readonly slice: WorkspaceSlice
}

/** The workspaces of a build. */
export function workspaceTrees(context: LazyContext, store: Store): WorkspaceTrees {
  const opened = new Map<string, OpenedWorkspace>()
  return {
    async open(files) {
      const slice = await slicedAt(context, store, files)
      if (slice.kind === 'problem') return { diagnostics: [diagnosticOf(slice, files)] }
      const replaced = new Map([...slice.replaced].map(([path, text]) => [joinPath(files.root, path), text]))
      const tree = context.sliced({ hides: hiding(files.root, slice), replaced })
      opened.set(treeName(files), { tree, slice })
      return { ...tree, save: () => context.save() }
    },
    list(files, { sources, sourceSpans, rules }) {
      const found = opened.get(treeName(files))
      const result = found?.tree.select(sources, sourceSpans, rules)
      if (found === undefined || result?.kind !== 'selected') return []
      const entries = found.tree.list(result.selection)
      const { file } = found.slice.lock
      const lock = joinPath(files.root, file)
      return entries.some(({ path }) => path === lock)
        ? entries.flatMap((one) => lockEntries(one, lock, found.slice))
        : entries
    },
  }
}

async function slicedAt(
  context: LazyContext,
  store: Store,
  { root, packages }: WorkspaceFiles,
): Promise<WorkspaceSlice | WorkspaceProblem> {
  const { sliceWorkspace } = await import('../workspace/index.ts')
  const source = {
    readText: (path: string) => context.readText(joinPath(root, path)),
    folders: (path: string) => context.folders(joinPath(root, path)),
  }
  return rememberedSlice(store, [context.root, root, ...packages], source, (seen) => sliceWorkspace(seen, packages))
}

function diagnosticOf({ code, message, hint }: WorkspaceProblem, { file, span }: WorkspaceFiles): Diagnostic {
  return { code, severity: 'error', message, hint, file, span }
}

/** What belongs to a hidden package and to none that is included, nor leads to one. */
export function hiding(root: string, { included, hidden }: WorkspaceSlice): (path: string) => boolean {
  const [kept, gone] = [included, hidden].map(
    (directories) => new Set([...directories].map((one) => joinPath(root, one))),
  )
  const leadsOn = new Set([...(kept ?? [])].flatMap(above))
  return (path) => {
    if (leadsOn.has(path)) return false
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      if (kept?.has(at) === true) return false
      if (gone?.has(at) === true) return true
    }
    return false
  }
}

/** Every directory above a path. */
function above(path: string): readonly string[] {
  const names = path.split('/')
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'))
}

/** The lock file as its entries, each by its name, so that a change can be named. */
function lockEntries(entry: ListedEntry, lock: string, { lock: { entries } }: WorkspaceSlice): readonly ListedEntry[] {
  if (entry.path !== lock) return [entry]
  return [...entries].map(([name, text]) => ({
    path: `${lock}: ${name}`,
    type: 'file',
    mode: entry.mode,
    sizeBytes: 0,
    content: canonicalHash('longshore.lock-entry/1', { text }),
  }))
}
