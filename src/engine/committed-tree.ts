import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import {
  baseName,
  type FileNode,
  type IgnoreMatcher,
  joinPath,
  parentPath,
  type SelectableTree,
  sortNames,
} from '../base/index.ts'
import { contextTree } from '../context/context-tree.ts'
import { FingerprintMemo } from '../context/fingerprint-memo.ts'
import type { CommitTree } from '../remote/commit-tree.ts'

const unknownPlace = { device: 0, inode: 0, links: 1, major: 0, minor: 0, uid: 0, gid: 0, mtimeMs: 0, ctimeMs: 0 }

/**
 * A directory of a commit as COPY sees it. Of modes git knows whether a file is executable; a submodule that could not be looked
 * into is a device, which no working tree has, so it never equals anything. `links` has the texts of symlinks by path from the top.
 */
export function committedTree(
  { entries }: Pick<CommitTree, 'entries'>,
  directory: string,
  matcher: IgnoreMatcher,
  links: ReadonlyMap<string, string>,
): SelectableTree {
  const nodes = new Map<string, FileNode>([['', node('directory', 0o755)]])
  const names = new Map<string, Set<string>>()
  const prefix = directory === '' ? '' : `${directory}/`
  for (const [whole, { mode }] of entries) {
    if (!whole.startsWith(prefix)) continue
    const path = whole.slice(prefix.length)
    nodes.set(path, committedNode(mode))
    for (let at = path; at !== ''; at = parentPath(at)) {
      const above = parentPath(at)
      const known = names.get(above) ?? new Set()
      names.set(above, known.add(baseName(at)))
      if (above !== '' && !nodes.has(above)) nodes.set(above, node('directory', 0o755))
    }
  }
  const whole = (path: string): string => joinPath(directory, path)
  return {
    ...rulesOf(matcher),
    lstat: (path) => nodes.get(path),
    names: (path) => sortNames([...(names.get(path) ?? [])]),
    readLink: (path) => links.get(whole(path)) ?? '',
    fileDigest: (path) => identity(entries.get(whole(path))?.id ?? ''),
  }
}

function committedNode(mode: number): FileNode {
  if (mode === 0o120000) return node('symlink', 0o777)
  if (mode === 0o160000) return node('char', 0)
  return node('file', mode & 0o111 ? 0o755 : 0o644)
}

function node(type: FileNode['type'], mode: number): FileNode {
  return { type, mode, sizeBytes: 0, ...unknownPlace }
}

function rulesOf(matcher: IgnoreMatcher): Omit<SelectableTree, 'lstat' | 'names' | 'readLink' | 'fileDigest'> {
  const hasRules = matcher.rules.length > 0
  return {
    takes: (path) => !hasRules || !matcher.excludes(path),
    mayTakeBelow: (path) => !matcher.canPrune(path),
    excludedBy: () => undefined,
    isRacy: () => false,
    xattrs: () => undefined,
  }
}

/** A directory of the working tree, in the terms of `committedTree`. Files are read, whatever git's index says of them. */
export function workingTree(directory: string, matcher: IgnoreMatcher, hash: CommitTree['hash']): SelectableTree {
  const tree = contextTree(directory, matcher, new FingerprintMemo(''), () => 0)
  const digests = new Map<string, Uint8Array>()
  const simple = (found: FileNode): FileNode => {
    if (found.type === 'directory') return node('directory', 0o755)
    if (found.type === 'symlink') return node('symlink', 0o777)
    return node(found.type, found.mode & 0o100 ? 0o755 : 0o644)
  }
  return {
    ...rulesOf(matcher),
    lstat(path) {
      const found = tree.lstat(path)
      return found === undefined ? undefined : simple(found)
    },
    names: (path) => tree.names(path),
    readLink: (path) => tree.readLink(path),
    fileDigest(path) {
      const known = digests.get(path)
      if (known !== undefined) return known
      const made = identity(blobId(joinPath(directory, path), tree.lstat(path)?.sizeBytes ?? 0, hash))
      digests.set(path, made)
      return made
    },
  }
}

/** Selections know files by 32 bytes. */
function identity(id: string): Uint8Array {
  return createHash('sha256').update(id).digest()
}

const chunk = Buffer.allocUnsafe(1 << 20)

/** The name that git would give to a file's bytes. */
function blobId(path: string, sizeBytes: number, algorithm: CommitTree['hash']): string {
  const hash = createHash(algorithm).update(`blob ${sizeBytes}\0`)
  const fd = openSync(path, 'r')
  try {
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) hash.update(chunk.subarray(0, read))
  } finally {
    closeSync(fd)
  }
  return hash.digest('hex')
}
