import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import {
  decodePath,
  errnoCode,
  errorMessage,
  type FileNode,
  type IgnoreMatcher,
  mayBeBroken,
  osPath,
  printablePath,
  type SelectableTree,
  sortNames,
  ToolError,
} from '../base/index.ts'
import type { FingerprintMemo } from './fingerprint-memo.ts'
import { hashFile } from './hash-file.ts'
import { racyRule } from './racy-rule.ts'

/**
 * The files of a build context that an ignore file leaves. Owners count as 0:0, as a context's files have them in the
 * image; extended attributes of the context are not taken. Each file is read at most once, or not at all when the memo
 * knows it. `nowMs` is the present. Throws `ToolError` `context-unreadable`.
 */
export function contextTree(
  root: string,
  matcher: IgnoreMatcher,
  memo: FingerprintMemo,
  nowMs: () => number,
): SelectableTree {
  const nodes = new Map<string, FileNode | null>()
  const listings = new Map<string, readonly string[]>()
  /** Of files the memo does not keep. */
  const racyDigests = new Map<string, Uint8Array>()
  const hasRules = matcher.rules.length > 0
  const at = (path: string): string | Buffer => osPath(path === '' ? root : `${root}/${path}`)
  const isRacy = racyRule(root)
  return {
    lstat: (path) => remembered(nodes, path, () => readNode(at(path), path)) ?? undefined,
    names: (path) => remembered(listings, path, () => readNames(at(path), path)),
    readLink: (path) => readable(path, () => decodePath(readlinkSync(at(path), 'buffer'))),
    takes: (path) => !hasRules || !matcher.excludes(path),
    mayTakeBelow: (path) => !matcher.canPrune(path),
    excludedBy(path) {
      const rule = matcher.excludedBy(path)
      return rule === undefined ? undefined : { file: matcher.fileName, line: rule.line, rule: rule.text }
    },
    fileDigest(path, node) {
      const known = memo.find(path, node) ?? racyDigests.get(path)
      if (known !== undefined) return known
      // Asked before the file is read: what changes it while or after that gets other times.
      const racy = isRacy(node, nowMs())
      const digest = readable(path, () => hashFile(at(path), path, node))
      if (racy) racyDigests.set(path, digest)
      else memo.record(path, node, digest)
      return digest
    },
    isRacy: (_path, node) => isRacy(node, nowMs()),
    xattrs: () => undefined,
  }
}

function remembered<T>(known: Map<string, T>, path: string, make: () => T): T {
  const found = known.get(path)
  if (found !== undefined) return found
  const made = make()
  known.set(path, made)
  return made
}

function readNode(path: string | Buffer, name: string): FileNode | null {
  const stat = readable(name, () => lstatSync(path, { throwIfNoEntry: false }))
  return stat === undefined ? null : nodeOf(stat)
}

/** Node of a `stat` result, owned by 0:0. */
export function nodeOf(stat: Stats): FileNode {
  return {
    type: typeOf(stat),
    mode: stat.mode & 0o7777,
    uid: 0,
    gid: 0,
    sizeBytes: stat.size,
    device: stat.dev,
    inode: stat.ino,
    links: stat.nlink,
    mtimeMs: stat.mtimeMs,
    ctimeMs: stat.ctimeMs,
    major: stat.rdev === 0 ? 0 : (stat.rdev >> 8) & 0xfff,
    minor: stat.rdev === 0 ? 0 : (stat.rdev & 0xff) | ((stat.rdev >> 12) & 0xfff00),
  }
}

function typeOf(stat: Stats): FileNode['type'] {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isCharacterDevice()) return 'char'
  if (stat.isBlockDevice()) return 'block'
  return stat.isFIFO() ? 'fifo' : 'socket'
}

function readNames(directory: string | Buffer, name: string): readonly string[] {
  return readable(name, () => {
    const names = readdirSync(directory)
    if (!names.some(mayBeBroken)) return sortNames(names)
    return sortNames(readdirSync(directory, 'buffer').map(decodePath))
  })
}

function readable<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof ToolError) throw error
    const shown = path === '' ? 'the build context' : `"${printablePath(path)}"`
    const denied = errnoCode(error) === 'EACCES' || errnoCode(error) === 'EPERM'
    throw new ToolError('context-unreadable', `cannot read ${shown} in the build context: ${errorMessage(error)}`, {
      hint: denied
        ? `give yourself read permission (chmod), or add the line "${printablePath(path)}" to .dockerignore`
        : 'the file changed or went away while it was read: build again',
      cause: error,
    })
  }
}
