import { chmodSync, closeSync, constants, openSync } from 'node:fs'
import { errnoCode } from '../base/index.ts'
import { O_CLOEXEC, O_PATH } from '../sys/index.ts'

/**
 * chmod(2) of what is at `path` itself: a container that runs may have put a symlink there since, which leads to any file of this
 * machine. Such a one is left alone.
 */
export function setMode(path: string | Buffer, mode: number): void {
  const fd = openSync(path, O_PATH | O_CLOEXEC | constants.O_NOFOLLOW)
  try {
    chmodSync(`/proc/self/fd/${fd}`, mode)
  } catch (error) {
    if (errnoCode(error) !== 'EOPNOTSUPP' && errnoCode(error) !== 'ENOTSUP' && errnoCode(error) !== 'ELOOP') throw error
  } finally {
    closeSync(fd)
  }
}
