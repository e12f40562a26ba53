import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readlinkSync } from 'node:fs'
import { decodePath, errnoCode, type FileTree, osPath, resolvePath, ToolError } from '../base/index.ts'
import { nodeOf } from './context-tree.ts'

/** No Dockerfile of people is larger; what is, is something else. */
const largestBytes = 16 * 1024 * 1024

/**
 * Text of a file in a tree that was fetched, symlinks followed inside the tree (security 28, 31); undefined when there
 * is none. Throws `ToolError` `context-unreadable` when it is no regular file. Nothing may change the tree meanwhile.
 */
export function readContextFile(root: string, path: string): string | undefined {
  const found = resolvePath(fetchedTree(root), path)
  if (found.kind !== 'found') return undefined
  const unusable = (why: string): ToolError =>
    new ToolError('context-unreadable', `"${path}" of the build context cannot be used: ${why}`, {
      hint: 'name the Dockerfile with -f FILE',
    })
  if (found.node.type !== 'file') throw unusable(`it is a ${found.node.type}`)
  const fd = openSync(osPath(`${root}/${found.path}`), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { size } = fstatSync(fd)
    if (size > largestBytes) throw unusable(`it has ${size} bytes`)
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

/**
 * Where a folder of a tree that was fetched really is, symlinks followed inside the tree (security 28, 29); undefined
 * when there is no such folder.
 */
export function resolveFolder(root: string, path: string): string | undefined {
  const found = resolvePath(fetchedTree(root), path)
  if (found.kind !== 'found' || found.node.type !== 'directory') return undefined
  return found.path === '' ? root : `${root}/${found.path}`
}

/** As much of a tree as following a path takes. */
function fetchedTree(root: string): FileTree {
  const at = (path: string): string | Buffer => osPath(path === '' ? root : `${root}/${path}`)
  return {
    lstat(path) {
      try {
        const stat = lstatSync(at(path), { throwIfNoEntry: false })
        return stat === undefined ? undefined : nodeOf(stat)
      } catch (error) {
        if (errnoCode(error) === 'ENAMETOOLONG') return undefined
        throw error
      }
    },
    names: () => [],
    readLink: (path) => decodePath(readlinkSync(at(path), 'buffer')),
  }
}
