import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoCode } from '../base/index.ts'
import { isProcessAlive, markProcess } from '../sys/process-mark.ts'

/**
 * Notes in the directory of a tree that process `pid`, this one, uses it, so that it stays while the process lives. Files, not kernel
 * locks: a build that has all it needs loads no FFI. Notes of dead processes go on the way.
 */
export function holdTree(wrapper: string, pid: number): void {
  const mark = markProcess(pid)
  if (mark === undefined) return
  const folder = join(wrapper, 'holders')
  try {
    makeFolder(folder)
    for (const name of namesIn(folder)) if (!isHolder(name)) rmSync(join(folder, name), { force: true })
    writeFileSync(join(folder, `${mark.pid}-${mark.startTime}-${mark.bootId}`), '')
  } catch (error) {
    // Gone just now, or a store that may only be read, where nobody removes anything.
    if (!['ENOENT', 'EROFS', 'EACCES', 'EPERM'].includes(errnoCode(error) ?? '')) throw error
  }
}

/** Whether a living process uses the tree. */
export function isHeld(wrapper: string): boolean {
  return namesIn(join(wrapper, 'holders')).some(isHolder)
}

function isHolder(name: string): boolean {
  const [, pid, startTime, bootId] = /^(\d+)-(\d+)-(.+)$/.exec(name) ?? []
  return (
    pid !== undefined &&
    startTime !== undefined &&
    bootId !== undefined &&
    isProcessAlive({ pid: Number(pid), startTime, bootId })
  )
}

/** Not with the directory above it, which may just have been removed. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error
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
