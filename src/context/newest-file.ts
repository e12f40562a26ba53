import { joinPath, type SelectableTree } from '../base/index.ts'

/** Time of the newest file of a tree in milliseconds since 1970, directories not counted; undefined without a file. */
export function newestFile(tree: SelectableTree): number | undefined {
  let newest: number | undefined
  const visit = (directory: string): void => {
    for (const name of tree.names(directory)) {
      const path = directory === '' ? name : joinPath(directory, name)
      const node = tree.lstat(path)
      if (node?.type === 'directory') {
        if (tree.takes(path) || tree.mayTakeBelow(path)) visit(path)
      } else if (node !== undefined && tree.takes(path)) newest = Math.max(newest ?? 0, node.mtimeMs)
    }
  }
  visit('')
  return newest
}
