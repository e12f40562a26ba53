import { closeSync, constants, openSync } from 'node:fs'
import { encodePath, errnoCode, ToolError } from '../base/index.ts'
import { O_CLOEXEC, O_PATH, openat2, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../sys/index.ts'

/**
 * A mounted root filesystem that paths cannot leave: the kernel resolves every directory below it (openat2,
 * RESOLVE_IN_ROOT), and what is done to a name in it goes through `/proc/self/fd`, never through a path of the host.
 */
export class Rooted {
  readonly #root: number
  /** The directory opened last: entries of one directory come together. */
  #open: { readonly path: string; readonly fd: number } | undefined

  constructor(root: string) {
    this.#root = openSync(root, O_PATH | O_CLOEXEC | constants.O_DIRECTORY)
  }

  /**
   * A path of the host for `name` in the directory `directory` (relative to the root; symlinks in it are followed
   * inside). Good until the next call. Throws `SystemCallError` when the directory is not there.
   */
  at(directory: string, name: string): Buffer {
    if (this.#open?.path !== directory) {
      const fd = this.#openDirectory(directory)
      this.#closeDirectory()
      this.#open = { path: directory, fd }
    }
    return Buffer.concat([Buffer.from(`/proc/self/fd/${this.#open.fd}/`), encodePath(name)])
  }

  close(): void {
    this.#closeDirectory()
    closeSync(this.#root)
  }

  #openDirectory(directory: string): number {
    const path = directory === '' ? '.' : encodePath(directory)
    const flags = O_PATH | O_CLOEXEC | constants.O_DIRECTORY
    return openat2(this.#root, path, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
  }

  #closeDirectory(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd)
    this.#open = undefined
  }
}

/** Turns a file-system error met while a step's files were written into a `ToolError`; one of ours passes through. */
export function snapshotError(what: string, error: unknown): ToolError {
  if (error instanceof ToolError) return error
  const code = errnoCode(error)
  const reason = error instanceof Error ? error.message.replaceAll(/\/proc\/self\/fd\/\d+\//g, '') : String(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'free some disk space, or put the store on a larger disk with --root DIR or LONGSHORE_ROOT'
    return new ToolError('no-space', `cannot ${what}: no space left on the store's disk`, { hint, cause: error })
  }
  return new ToolError('system-call-failed', `cannot ${what}: ${reason}`, { cause: error })
}
