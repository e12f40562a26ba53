import type { FileOwner } from '../base/index.ts'
import { snapshotError } from './rooted.ts'
import { TargetRoot } from './target-root.ts'

/**
 * WORKDIR: makes the directory and what is missing above it, 0755 and owned by `owner` (root without one), time 0; what exists stays
 * as it is. Symlinks are followed inside the root. Throws `ToolError` `step-failed` when a file is in the way.
 */
export function applyWorkdir(request: {
  readonly targetRoot: string
  readonly path: string
  readonly owner: FileOwner | undefined
}): void {
  const target = new TargetRoot(request.targetRoot)
  try {
    target.makeDirectories(request.path, { owner: request.owner, mode: 0o755 })
    target.times.apply()
  } catch (error) {
    throw snapshotError(`make the working directory "${request.path}"`, error)
  } finally {
    target.close()
  }
}
