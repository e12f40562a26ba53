import {
  type BigIntStats,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs'
import { errnoCode, ToolError } from '../base/index.ts'
import * as sys from '../sys/index.ts'

/** A file or directory made only to mount on. */
interface Stub {
  readonly parentFd: number
  readonly name: string
  readonly made: BigIntStats
  /** The parent's modification time before and after the stub was made, nanoseconds. */
  readonly parentBefore: bigint
  readonly parentAfter: bigint
}

/** A path inside the root, open (O_PATH), with where it really is. */
export interface RootPath {
  readonly fd: number
  /** Absolute inside the root, without symlinks. */
  readonly real: string
  readonly isDirectory: boolean
}

/**
 * A container's root filesystem, bound over itself so that whatever is mounted below goes away with one detach. Every
 * path is resolved by the kernel inside the root (RESOLVE_IN_ROOT), and used through its descriptor: images and
 * earlier steps may hold any symlink (security 17, 20, 22, 25).
 */
export class ContainerRoot {
  readonly path: string
  readonly #rootFd: number
  readonly #hostPath: string
  readonly #stubs: Stub[] = []
  readonly #fds: number[] = []

  /** Throws `SystemCallError` when `rootfs` is no directory or may not be mounted on. */
  constructor(rootfs: string) {
    this.path = rootfs
    sys.mount(rootfs, rootfs, '', sys.MS_BIND | sys.MS_REC)
    try {
      this.#rootFd = openSync(rootfs, sys.O_PATH | constants.O_DIRECTORY)
      this.#hostPath = readlinkSync(`/proc/self/fd/${this.#rootFd}`)
    } catch (error) {
      sys.umount(rootfs, sys.MNT_DETACH)
      throw error
    }
  }

  /** The real path of the root on the host, symlinks resolved. */
  get hostPath(): string {
    return this.#hostPath
  }

  /** Opens what `path` names inside the root, symlinks followed; undefined when it is not there. Closed with the root. */
  find(path: string): RootPath | undefined {
    try {
      return this.#keep(sys.openat2(this.#rootFd, path, sys.O_PATH | sys.O_CLOEXEC, 0, sys.RESOLVE_IN_ROOT))
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  }

  /**
   * Bytes of the regular file at `path` inside the root, `limit` at most; undefined when there is none. A fifo or
   * device put there by an image is never waited for (CVE-2024-9676).
   */
  read(path: string, limit: number): Uint8Array | undefined {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | sys.O_CLOEXEC
    let fd: number
    try {
      fd = sys.openat2(this.#rootFd, path, flags, 0, sys.RESOLVE_IN_ROOT)
    } catch (error) {
      if (isAbsence(error) || errnoCode(error) === 'ENXIO') return undefined
      throw error
    }
    try {
      const stat = fstatSync(fd)
      if (!stat.isFile()) return undefined
      const bytes = Buffer.alloc(Math.min(stat.size, limit))
      let length = 0
      for (let more = 1; more > 0 && length < bytes.length; length += more) {
        more = readSync(fd, bytes, length, bytes.length - length, length)
      }
      return bytes.subarray(0, length)
    } finally {
      closeSync(fd)
    }
  }

  /** As `find`, but makes the missing directories (0755) and the last component; they stay, owned by `owner`. */
  make(path: string, owner: { readonly uid: number; readonly gid: number }): RootPath {
    return this.find(path) ?? this.#walk(path, 'directory', (at) => chownSync(at, owner.uid, owner.gid))
  }

  /** Directory `path` for a kernel filesystem to be mounted on; made when missing, and left there, as BuildKit leaves it. */
  makeLasting(path: '/dev' | '/proc' | '/sys'): RootPath {
    const found = this.make(path, { uid: 0, gid: 0 })
    if (found.real === path && found.isDirectory) return found
    throw pathError(path, 'it is no directory of its own')
  }

  /** As `find`, but makes what is missing for something to be mounted on; `close` removes it again. */
  makeStub(path: string, leaf: 'file' | 'directory'): RootPath {
    return (
      this.find(path) ??
      this.#walk(path, leaf, (at, parentFd, name, parentBefore) => {
        const made = lstatSync(at, { bigint: true })
        const parentAfter = fstatSync(parentFd, { bigint: true }).mtimeNs
        this.#stubs.push({ parentFd, name, made, parentBefore, parentAfter })
      })
    )
  }

  /** Runs `use` and closes what it opened by `find`: for look-ups into a container that runs on. */
  during<T>(use: () => T): T {
    const before = this.#fds.length
    try {
      return use()
    } finally {
      for (const fd of this.#fds.splice(before)) closeSync(fd)
    }
  }

  /** Detaches everything mounted below, removes the stubs that are still as they were made, and closes all descriptors. */
  close(): void {
    sys.umount(this.path, sys.MNT_DETACH)
    for (const stub of this.#stubs.reverse()) removeStub(stub)
    for (const fd of this.#fds) closeSync(fd)
    closeSync(this.#rootFd)
  }

  #keep(fd: number): RootPath {
    this.#fds.push(fd)
    const path = readlinkSync(`/proc/self/fd/${fd}`)
    const real = this.#hostPath === '/' ? path : path.slice(this.#hostPath.length)
    return { fd, real: real === '' ? '/' : real, isDirectory: fstatSync(fd).isDirectory() }
  }

  /** Goes down component by component, following symlinks by hand, since openat2 cannot create below a dangling one. */
  #walk(
    path: string,
    leaf: 'file' | 'directory',
    onMade: (at: string, parentFd: number, name: string, parentBefore: bigint) => void,
  ): RootPath {
    const pending = components(path)
    let real: string[] = []
    let links = 0
    for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
      if (name === '..') {
        real.pop()
        continue
      }
      const parentFd = this.#openReal(real)
      this.#fds.push(parentFd)
      const at = `/proc/self/fd/${parentFd}/${name}`
      const stat = lstatSync(at, { throwIfNoEntry: false })
      if (stat?.isSymbolicLink()) {
        const target = readlinkSync(at)
        if (++links > 40) throw pathError(path, 'too many symlinks')
        if (target.startsWith('/')) real = []
        pending.unshift(...components(target))
        continue
      }
      if (stat === undefined) {
        const parentBefore = fstatSync(parentFd, { bigint: true }).mtimeNs
        if (leaf === 'directory' || pending.length > 0) makeDirectory(at)
        else closeSync(openSync(at, constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644))
        onMade(at, parentFd, name, parentBefore)
      } else if (pending.length > 0 && !stat.isDirectory()) {
        throw pathError(path, `${['', ...real, name].join('/')} is not a directory`)
      }
      real.push(name)
    }
    return this.#keep(this.#openReal(real))
  }

  #openReal(real: readonly string[]): number {
    const path = real.length === 0 ? '.' : real.join('/')
    const resolve = sys.RESOLVE_IN_ROOT | sys.RESOLVE_NO_SYMLINKS
    return sys.openat2(this.#rootFd, path, sys.O_PATH | sys.O_CLOEXEC, 0, resolve)
  }
}

function components(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

/** mkdir 0755 whatever the umask is. */
function makeDirectory(at: string): void {
  mkdirSync(at)
  const fd = openSync(at, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    fchmodSync(fd, 0o755)
  } finally {
    closeSync(fd)
  }
}

function isAbsence(error: unknown): boolean {
  const code = errnoCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP'
}

function pathError(path: string, reason: string): ToolError {
  return new ToolError('run-failed', `cannot make ${JSON.stringify(path)} in the root filesystem: ${reason}`)
}

/** Removes a stub unless the container has put something of its own in its place (CVE-2024-23652). */
function removeStub(stub: Stub): void {
  const at = `/proc/self/fd/${stub.parentFd}/${stub.name}`
  const parentNow = fstatSync(stub.parentFd, { bigint: true }).mtimeNs
  const now = lstatSync(at, { bigint: true, throwIfNoEntry: false })
  if (now === undefined || now.ino !== stub.made.ino || now.dev !== stub.made.dev) return
  if (now.isDirectory()) {
    try {
      rmdirSync(at)
    } catch (error) {
      if (errnoCode(error) === 'ENOTEMPTY') return
      throw error
    }
  } else if (now.isFile() && now.size === 0n && now.mtimeNs === stub.made.mtimeNs && now.mode === stub.made.mode) {
    unlinkSync(at)
  } else return
  const parentTime = parentNow === stub.parentAfter ? stub.parentBefore : parentNow
  sys.setTimes(`/proc/self/fd/${stub.parentFd}/.`, parentTime)
}
