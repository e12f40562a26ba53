/** What is at a path, without following a symlink there. Times are milliseconds with their fraction, as `stat` gives them. */
export interface FileNode {
  readonly type: 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket'
  /** Permission bits with setuid, setgid and sticky (07777). */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  readonly device: number
  readonly inode: number
  /** Number of hard links. */
  readonly links: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  /** Device numbers; 0 for anything but a device. */
  readonly major: number
  readonly minor: number
}

/**
 * A tree of files that paths cannot leave: the build context, or a mounted root filesystem. Paths are relative to its
 * root (empty for the root itself) and never go through a symlink: whoever walks resolves links with `resolvePath`.
 * Names are strings as `byte-path.ts` defines them.
 */
export interface FileTree {
  lstat(path: string): FileNode | undefined
  /** Names in the directory, in byte order. */
  names(path: string): readonly string[]
  /** Text of a symlink. */
  readLink(path: string): string
}

/** Where a path leads inside a tree. */
export type ResolvedPath =
  | { readonly kind: 'found'; readonly path: string; readonly node: FileNode }
  /** `directory` is there, the first of `rest` is not. */
  | { readonly kind: 'missing'; readonly directory: string; readonly rest: readonly string[] }
  /** `path` is in the way: no directory, but the path goes on; or the symlinks never end. */
  | { readonly kind: 'blocked'; readonly path: string; readonly reason: 'not-directory' | 'too-many-links' }

/** The kernel's own limit (path_resolution(7)). */
const maxLinks = 40

/**
 * Follows `path` inside the tree, symlinks at its end included: absolute links start at the tree's root, `..` stops
 * there and takes back a missing name too, as BuildKit's root-bound lookup does.
 */
export function resolvePath(tree: FileTree, path: string): ResolvedPath {
  const pending = path.split('/').reverse()
  let real: string[] = []
  /** Number of leading names of `real` that exist. */
  let present = 0
  let links = 0
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      real.pop()
      present = Math.min(present, real.length)
      continue
    }
    const node = present === real.length ? tree.lstat([...real, name].join('/')) : undefined
    if (node?.type === 'symlink') {
      const here = [...real, name].join('/')
      if (++links > maxLinks) return { kind: 'blocked', path: here, reason: 'too-many-links' }
      const target = tree.readLink(here)
      if (target.startsWith('/')) {
        real = []
        present = 0
      }
      pending.push(...target.split('/').reverse())
      continue
    }
    real.push(name)
    if (node === undefined) continue
    if (node.type !== 'directory' && pending.some((rest) => rest !== '' && rest !== '.')) {
      return { kind: 'blocked', path: real.join('/'), reason: 'not-directory' }
    }
    present++
  }
  const node = present === real.length ? tree.lstat(real.join('/')) : undefined
  if (node !== undefined) return { kind: 'found', path: real.join('/'), node }
  return { kind: 'missing', directory: real.slice(0, present).join('/'), rest: real.slice(present) }
}
