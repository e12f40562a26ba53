import { type SelectFilesResult, type SelectionRules, type Span, selectFiles } from '../base/index.ts'
import { rootTree } from './root-tree.ts'
import { snapshotError } from './rooted.ts'

/** Picks what the sources of a COPY --from name in a mounted root filesystem. Throws `ToolError` when it cannot be read. */
export function selectInRoot(
  root: string,
  sources: readonly string[],
  spans: readonly Span[],
  rules?: SelectionRules,
): SelectFilesResult {
  const tree = rootTree(root)
  try {
    return selectFiles(tree, sources, spans, rules)
  } catch (error) {
    throw snapshotError(`read ${sources.join(' ')}`, error)
  } finally {
    tree.close()
  }
}
