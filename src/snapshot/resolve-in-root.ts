import { resolvePath } from '../base/index.ts'
import { rootTree } from './root-tree.ts'
import { snapshotError } from './rooted.ts'

/** Where `path` really is in a mounted root, symlinks followed inside it: relative, empty for the root itself; undefined when missing. */
export function resolveInRoot(root: string, path: string): string | undefined {
  const tree = rootTree(root)
  try {
    const found = resolvePath(tree, path)
    return found.kind === 'found' ? found.path : undefined
  } catch (error) {
    throw snapshotError(`read "${path}"`, error)
  } finally {
    tree.close()
  }
}
