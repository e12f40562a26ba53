import { closeSync, constants, fstatSync, openSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import { tryLock } from '../sys/index.ts'
import type { CgroupFacts } from './cgroup.ts'

/** Whoever makes a group has its lock long before. */
const newForMs = 10_000

/**
 * Removes the groups whose names begin with `prefix` that a process made which is dead by now: each maker holds a lock on its
 * groups. What still has processes stays. In: where groups are, the time. Throws as `fs` does.
 */
export function sweepGroups({ controllers }: CgroupFacts, prefix: string, nowMs: number): void {
  const parents = new Set(
    Object.values(controllers).flatMap((place) => (place.kind === 'missing' ? [] : [place.parent])),
  )
  for (const parent of parents) {
    for (const name of namesIn(parent)) if (name.startsWith(prefix)) sweep(join(parent, name), nowMs)
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}

function sweep(path: string, nowMs: number): void {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
    if (nowMs - fstatSync(fd).ctimeMs > newForMs && tryLock(fd, 'exclusive')) rmdirSync(path)
  } catch (error) {
    // Another sweeper was here, or processes are in it.
    if (!['ENOENT', 'EBUSY'].includes(errnoCode(error) ?? '')) throw error
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
