import { statfsSync } from 'node:fs'
import type { FileNode } from '../base/index.ts'

/** Two ticks of the slowest kernel clock, and some more. */
const localMs = 50
/** More than the two seconds of the coarsest file system. */
const wholeSecondsMs = 2100
/** A server's clock may be behind ours. */
const foreignMs = 10_000

/** Kernel file systems whose ctime this machine's clock gives, by `f_type` of statfs(2): ext, xfs, btrfs, tmpfs, overlay, f2fs, zfs, bcachefs, ramfs. */
const localFileSystems: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1, 0xca451a4e, 0x858458f6,
])

/**
 * Git's "racy" rule for the files below `root`: true when a file changed so shortly before `nowMs` that another change
 * right after it might leave the same times. The change time decides, since no program can set it.
 */
export function racyRule(root: string): (node: FileNode, nowMs: number) => boolean {
  const usualMs = isLocal(root) ? localMs : foreignMs
  return (node, nowMs) => {
    const wholeSeconds = node.ctimeMs % 1000 === 0 && node.mtimeMs % 1000 === 0
    return node.ctimeMs > nowMs - (wholeSeconds ? Math.max(usualMs, wholeSecondsMs) : usualMs)
  }
}

function isLocal(root: string): boolean {
  try {
    return localFileSystems.has(statfsSync(root).type)
  } catch {
    // Not told: the longer time is always right.
    return false
  }
}
