/**
 * Workspaces of npm, pnpm and yarn: manifests and a lock file come in as text, the part of them that some packages need goes
 * out. Nothing here reads a disk, and nothing is resolved anew: the lock file alone says what depends on what.
 */
export { sliceWorkspace } from './slice-workspace.ts'
export type { WorkspaceProblem, WorkspaceSlice, WorkspaceSource } from './types.ts'
