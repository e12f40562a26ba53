import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { assertNever, errnoCode, invariant } from '../base/index.ts'
import type { OverlayXattrs } from '../ports/index.ts'
import { makeDevice, mknod, S_IFBLK, S_IFCHR, S_IFIFO, setTimes, setXattr } from '../sys/index.ts'
import { invalidArchive } from './archive-error.ts'
import { cleanComponents, osPath, quoteName } from './byte-name.ts'
import { opaqueXattr } from './layer-xattrs.ts'
import { removeTree } from './remove-tree.ts'
import { isWhiteout, lstatIfAny, type MissingDirectory, RootedTree } from './rooted-tree.ts'
import type { TarHeader } from './tar-header.ts'
import { XattrRestorer } from './xattr-restorer.ts'

export interface TreeWriterOptions {
  /** Where the archive's top is below the root, as components; made when missing. */
  readonly base: readonly string[]
  /** Owner of everything, instead of what the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** Set when the tree is a layer directory: whiteouts and opaque marks are made in this flavour. */
  readonly overlay?: OverlayXattrs
}

/** What could not be made as the archive says, for the caller to tell. */
export interface WriteReport {
  /** Device nodes left out, since this process may not make them (EPERM, as in a user namespace). */
  readonly skippedDevices: number
  /**
   * Paths (byte strings) of directories that no entry names, made 0755 and owned by root (or `owner`) for the entries
   * below them; each comes before those in it.
   */
  readonly implicitDirectories: readonly string[]
  readonly warnings: readonly string[]
}

const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const implicitMode = 0o755

/**
 * Makes archive entries below a root that they cannot leave. Existing directories are merged, everything else is
 * replaced. Owners, modes (with setuid), kept xattrs and times (ns) are set in the order that lets each survive the
 * next; times of directories last, in `finish`. Never opens what an entry made before, so fifos and devices do no harm.
 */
export class TreeWriter {
  readonly #tree: RootedTree
  readonly #options: TreeWriterOptions
  readonly #directoryTimes = new Map<string, bigint>()
  readonly #xattrs = new XattrRestorer()
  #file: { readonly fd: number; readonly at: string | Buffer; readonly header: TarHeader; end: number } | undefined
  #skippedDevices = 0
  readonly #implicitDirectories = new Set<string>()

  constructor(root: string, options: TreeWriterOptions) {
    this.#tree = new RootedTree(root)
    this.#options = options
  }

  get tree(): RootedTree {
    return this.#tree
  }

  get report(): WriteReport {
    return {
      skippedDevices: this.#skippedDevices,
      implicitDirectories: [...this.#implicitDirectories],
      warnings: this.#xattrs.warnings,
    }
  }

  /** Closes what is open, whether the archive was finished or not. */
  close(): void {
    if (this.#file) closeSync(this.#file.fd)
    this.#file = undefined
    this.#tree.close()
  }

  /** Directory of `components` below the base, made when missing; the descriptor is valid until the next call. */
  ensureDirectory(components: readonly string[]): number {
    return this.#tree.ensureParent([...this.#options.base, ...components], (missing) => this.#makeImplicit(missing))
  }

  /** Makes one entry at `components` (not empty). A file stays open for `write` until `endFile`. */
  add(components: readonly string[], header: TarHeader): void {
    const name = components.at(-1)
    invariant(name !== undefined, 'an entry needs a name')
    const at = this.#tree.at(this.ensureDirectory(components.slice(0, -1)), name)
    switch (header.type) {
      case 'file':
        this.#file = { fd: this.#replacing(at, () => openSync(at, createFlags, 0o600)), at, header, end: 0 }
        return
      case 'directory':
        this.#addDirectory(at, components, header)
        return
      case 'symlink':
        if (header.linkName === '') throw invalidArchive(`the symlink ${quoteName(header.name)} has no target`)
        this.#replacing(at, () => symlinkSync(osPath(header.linkName), at))
        this.#own(at, header)
        setTimes(at, header.mtimeNs)
        return
      case 'hardlink':
        this.#addHardlink(at, header)
        return
      case 'fifo':
      case 'char':
      case 'block':
        this.#addNode(at, header)
        return
      default:
        assertNever(header.type)
    }
  }

  /** Bytes of the file that `add` opened; ignored when it opened none. */
  write(chunk: Uint8Array, offset: number): void {
    if (!this.#file) return
    for (let at = 0; at < chunk.length; ) at += writeSync(this.#file.fd, chunk, at, chunk.length - at, offset + at)
    this.#file.end = offset + chunk.length
  }

  endFile(): void {
    if (!this.#file) return
    const { fd, at, header, end } = this.#file
    if (end < header.size) ftruncateSync(fd, header.size)
    const { uid, gid } = this.#options.owner ?? header
    // chown clears setuid and file capabilities, so it comes first; writing is done by now, and clears them too.
    fchownSync(fd, uid, gid)
    fchmodSync(fd, header.mode)
    this.#xattrs.restore(at, header)
    setTimes(at, header.mtimeNs)
    this.#file = undefined
    closeSync(fd)
  }

  /** Applies a directory entry to the base itself. */
  addTop(header: TarHeader): void {
    this.#setMetadata(this.#tree.at(this.ensureDirectory([]), '.'), header)
    this.#noteTime(this.#options.base, header.mtimeNs)
  }

  /** Sets the times of directories, after all that changed them. */
  finish(): void {
    for (const [path, timeNs] of [...this.#directoryTimes].reverse()) {
      const components = cleanComponents(path)
      const name = components.pop() ?? '.'
      const fd = this.#tree.parent(components)
      if (fd === undefined) continue
      const at = this.#tree.at(fd, name)
      if (lstatIfAny(at)?.isDirectory()) setTimes(at, timeNs)
    }
  }

  #addDirectory(at: string | Buffer, components: readonly string[], header: TarHeader): void {
    try {
      mkdirSync(at, 0o700)
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw error
      const existing = lstatIfAny(at)
      if (existing && !existing.isDirectory()) {
        this.remove(at)
        mkdirSync(at, 0o700)
        if (this.#options.overlay && isWhiteout(existing)) this.markOpaque(at, this.#options.overlay)
      }
    }
    this.#setMetadata(at, header)
    const path = [...this.#options.base, ...components]
    this.#implicitDirectories.delete(path.join('/'))
    this.#noteTime(path, header.mtimeNs)
  }

  /** Marks the directory at `at`: the layers below do not show through. */
  markOpaque(at: string | Buffer, overlay: OverlayXattrs): void {
    setXattr(at, opaqueXattr(overlay), Buffer.from('y'))
  }

  #makeImplicit({ at, path, replaces }: MissingDirectory): void {
    if (replaces === 'whiteout') this.remove(at)
    mkdirSync(at, implicitMode)
    const { owner, overlay } = this.#options
    lchownSync(at, owner?.uid ?? 0, owner?.gid ?? 0)
    chmodSync(at, implicitMode)
    if (overlay) {
      if (replaces === 'whiteout') this.markOpaque(at, overlay)
      // A layer is a function of its archive: no time of this machine in it.
      this.#noteTime(path.split('/'), 0n)
    }
    this.#implicitDirectories.add(path)
  }

  #addHardlink(at: string | Buffer, header: TarHeader): void {
    const components = cleanComponents(header.linkName)
    const name = components.pop()
    const missing = (): Error =>
      invalidArchive(
        `${quoteName(header.name)} is a hard link to ${quoteName(header.linkName)}, which is not in the archive before it`,
      )
    if (name === undefined) throw missing()
    const fd = this.#tree.open([...this.#options.base, ...components])
    if (fd === undefined) throw missing()
    try {
      const target = this.#tree.at(fd, name)
      const stats = lstatIfAny(target)
      if (!stats || stats.isDirectory() || isWhiteout(stats)) throw missing()
      const existing = lstatIfAny(at)
      if (existing?.ino === stats.ino && existing.dev === stats.dev) return
      this.#replacing(at, () => linkSync(target, at))
    } finally {
      closeSync(fd)
    }
  }

  #addNode(at: string | Buffer, header: TarHeader): void {
    const type = { fifo: S_IFIFO, char: S_IFCHR, block: S_IFBLK }
    invariant(
      header.type === 'fifo' || header.type === 'char' || header.type === 'block',
      'a node is a fifo or a device',
    )
    const mode = type[header.type] | 0o600
    try {
      this.#replacing(at, () => mknod(at, mode, makeDevice(header.major, header.minor)))
    } catch (error) {
      if (errnoCode(error) !== 'EPERM') throw error
      this.#skippedDevices++
      return
    }
    this.#setMetadata(at, header)
    setTimes(at, header.mtimeNs)
  }

  /** Runs `make`; when something is in its place, removes that and runs it again. */
  #replacing<T>(at: string | Buffer, make: () => T): T {
    try {
      return make()
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw error
      this.remove(at)
      return make()
    }
  }

  /** Removes whatever is at `at`, a directory with all below it; links are not followed. */
  remove(at: string | Buffer): void {
    this.#tree.forget()
    removeTree(at)
  }

  #own(at: string | Buffer, header: TarHeader): void {
    const { uid, gid } = this.#options.owner ?? header
    lchownSync(at, uid, gid)
  }

  /** Owner, mode and xattrs of what is no symlink. */
  #setMetadata(at: string | Buffer, header: TarHeader): void {
    this.#own(at, header)
    chmodSync(at, header.mode)
    this.#xattrs.restore(at, header)
  }

  #noteTime(path: readonly string[], timeNs: bigint): void {
    const key = path.join('/')
    this.#directoryTimes.delete(key)
    this.#directoryTimes.set(key, timeNs)
  }
}
