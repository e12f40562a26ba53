import { createHash } from 'node:crypto'
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import {
  baseName,
  encodePath,
  errnoCode,
  parentPath,
  printablePath,
  type SelectedEntry,
  ToolError,
} from '../base/index.ts'
import { O_CLOEXEC, openat2, RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS } from '../sys/index.ts'
import { Rooted } from './rooted.ts'

const buffer = Buffer.allocUnsafe(1 << 20)

/** Where a COPY reads from: selected paths are real ones, so no symlink may turn up on the way any more. */
export class SourceRoot {
  readonly #root: string
  readonly #fd: number
  readonly #rooted: Rooted

  constructor(root: string) {
    this.#root = root
    this.#fd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY)
    this.#rooted = new Rooted(root)
  }

  /** Runs `action` with the regular file open, then makes sure that it still is what was selected. */
  withFile<T>(path: string, entry: SelectedEntry, action: (fd: number, stat: BigIntStats) => T): T {
    const fd = this.#open(path)
    try {
      const before = fstatSync(fd, { bigint: true })
      this.#requireSame(path, entry, before)
      if (entry.verify !== undefined && !hashOpen(fd).equals(entry.verify)) throw changed(path)
      const result = action(fd, before)
      this.#requireSame(path, entry, fstatSync(fd, { bigint: true }))
      return result
    } finally {
      closeSync(fd)
    }
  }

  /** As `withFile`, for an action that reads the file by its path and takes time. */
  async withPath<T>(path: string, entry: SelectedEntry, action: (hostPath: string) => Promise<T>): Promise<T> {
    this.withFile(path, entry, () => undefined)
    const result = await action(`${this.#root}/${path}`)
    this.withFile(path, entry, () => undefined)
    return result
  }

  /** Time of last change of a file, directory or symlink, in nanoseconds. */
  modifiedNs(path: string): bigint {
    const at = path === '' ? this.#rooted.at('', '.') : this.#rooted.at(parentPath(path), baseName(path))
    const stat = lstatSync(at, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) throw changed(path)
    return stat.mtimeNs
  }

  close(): void {
    this.#rooted.close()
    closeSync(this.#fd)
  }

  #open(path: string): number {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | O_CLOEXEC
    try {
      return openat2(
        this.#fd,
        encodePath(path),
        flags,
        0,
        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
      )
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV'].includes(errnoCode(error) ?? '')) throw changed(path)
      throw error
    }
  }

  #requireSame(path: string, entry: SelectedEntry, stat: BigIntStats): void {
    const { node } = entry
    const same =
      stat.isFile() &&
      Number(stat.dev) === node.device &&
      Number(stat.ino) === node.inode &&
      Number(stat.size) === node.sizeBytes &&
      isSameTime(stat.mtimeNs, node.mtimeMs) &&
      isSameTime(stat.ctimeNs, node.ctimeMs)
    if (!same) throw changed(path)
  }
}

/** Milliseconds in a double are exact to a quarter of a microsecond. */
function isSameTime(timeNs: bigint, timeMs: number): boolean {
  return Math.abs(Number(timeNs) / 1e6 - timeMs) < 0.002
}

function hashOpen(fd: number): Buffer {
  const hash = createHash('sha256')
  for (let at = 0, read = 1; read > 0; at += read) {
    read = readSync(fd, buffer, 0, buffer.length, at)
    hash.update(buffer.subarray(0, read))
  }
  return hash.digest()
}

function changed(path: string): ToolError {
  return new ToolError('context-unreadable', `"${printablePath(path)}" changed while the build was copying it`, {
    hint: 'build again when nothing writes to the build context',
  })
}
