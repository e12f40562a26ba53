import { createHash } from 'node:crypto'
import type { FileNode, SelectableTree } from '../../src/base/index.ts'

/** A tree of files made of a map from path to text; directories are what the paths imply. It follows later changes. */
export function memoryTree(files: ReadonlyMap<string, string>): SelectableTree {
  const lstat = (path: string): FileNode | undefined => {
    const text = files.get(path)
    if (text !== undefined) return node('file', text.length)
    const isDirectory = path === '' || [...files.keys()].some((file) => file.startsWith(`${path}/`))
    return isDirectory ? node('directory', 0) : undefined
  }
  return {
    lstat,
    names(path) {
      const prefix = path === '' ? '' : `${path}/`
      const below = [...files.keys()].filter((file) => file.startsWith(prefix))
      return [...new Set(below.map((file) => file.slice(prefix.length).split('/')[0] ?? ''))].sort()
    },
    readLink: () => {
      throw new Error('no symlinks in memory')
    },
    takes: () => true,
    mayTakeBelow: () => true,
    excludedBy: () => undefined,
    fileDigest: (path) =>
      createHash('sha256')
        .update(files.get(path) ?? '')
        .digest(),
    isRacy: () => false,
    xattrs: () => undefined,
  }
}

function node(type: 'file' | 'directory', sizeBytes: number): FileNode {
  const mode = type === 'file' ? 0o644 : 0o755
  const places = { device: 0, inode: 0, links: 1, major: 0, minor: 0, uid: 0, gid: 0 }
  return { type, mode, sizeBytes, mtimeMs: 0, ctimeMs: 0, ...places }
}
