/**
 * Root filesystems: layers mounted over each other, and what COPY, ADD and WORKDIR do inside them. In: layer names,
 * selections of files. Out: mounted directories, changed trees. No path of an image ever leads out of its root. Needs a
 * mount namespace of the process's own.
 */
export { applyCopy, type CopyRequest } from './apply-copy.ts'
export { applyWorkdir } from './apply-workdir.ts'
export { resolveOwner } from './owner.ts'
export { makeReorderedNames } from './reordered-names.ts'
export { resolveInRoot } from './resolve-in-root.ts'
export { selectInRoot } from './select-in-root.ts'
export {
  openEmptyWorkspace,
  openLasting,
  openView,
  openWorkspace,
  type SnapshotSettings,
  type View,
  type Workspace,
} from './workspace.ts'
