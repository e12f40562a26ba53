import { lchownSync, lstatSync, mkdirSync } from 'node:fs'
import {
  baseName,
  type FileNode,
  type FileOwner,
  joinPath,
  parentPath,
  type ResolvedPath,
  resolvePath,
  ToolError,
} from '../base/index.ts'
import { DirectoryTimes } from './directory-times.ts'
import { nodeOf, type RootTree, rootTree } from './root-tree.ts'
import { Rooted } from './rooted.ts'
import { setMode } from './set-mode.ts'

/** Owner and mode of directories that are made on the way to a destination. */
export interface MadeDirectory {
  /** Absent: root, and the group that a setgid directory hands down. */
  readonly owner: FileOwner | undefined
  readonly mode: number
}

const setgid = 0o2000

/** A writable root filesystem that COPY, ADD and WORKDIR write into. Close it after use, whatever happened. */
export class TargetRoot {
  readonly rooted: Rooted
  readonly times: DirectoryTimes
  readonly #tree: RootTree
  readonly #other: Rooted

  constructor(root: string) {
    this.rooted = new Rooted(root)
    this.times = new DirectoryTimes(this.rooted)
    this.#tree = rootTree(root)
    this.#other = new Rooted(root)
  }

  /** Where a path leads, symlinks followed inside the root, its last name included. */
  resolve(path: string): ResolvedPath {
    return resolvePath(this.#tree, path)
  }

  /** A path of the host for a resolved path inside the root; good until the next call. */
  path(resolved: string): Buffer {
    return resolved === '' ? this.rooted.at('', '.') : this.rooted.at(parentPath(resolved), baseName(resolved))
  }

  /** As `path`, and good while the result of `path` is used beside it. */
  otherPath(resolved: string): Buffer {
    return this.#other.at(parentPath(resolved), baseName(resolved))
  }

  node(resolved: string): FileNode | undefined {
    const stat = lstatSync(this.path(resolved), { bigint: true, throwIfNoEntry: false })
    return stat === undefined ? undefined : nodeOf(stat)
  }

  /**
   * Makes the directory `path` and what is missing above it; an existing one stays as it is. Returns where it really
   * is. Throws `ToolError` `step-failed` when something else is in the way.
   */
  makeDirectories(path: string, made: MadeDirectory): string {
    const found = this.resolve(path)
    if (found.kind === 'found' && found.node.type === 'directory') return found.path
    if (found.kind !== 'missing') {
      const why =
        found.kind === 'blocked' && found.reason === 'too-many-links'
          ? 'is a symlink that leads in a circle'
          : 'is not a directory'
      throw new ToolError('step-failed', `cannot make the directory "${path}": "/${found.path}" ${why}`, {
        hint: 'choose another destination, or remove what is in the way in an earlier RUN step',
      })
    }
    let directory = found.directory
    for (const name of found.rest) {
      this.times.keep(directory)
      directory = joinPath(directory, name)
      this.#makeDirectory(parentPath(directory), directory, made)
      this.times.set(directory, 0n)
    }
    return directory
  }

  /** A setgid directory hands its group and the bit down, as mkdir(2) does it for BuildKit. */
  #makeDirectory(parent: string, directory: string, { owner, mode }: MadeDirectory): void {
    const above = this.node(parent)
    const inherited = (above?.mode ?? 0) & setgid
    const at = this.path(directory)
    mkdirSync(at)
    lchownSync(at, owner?.uid ?? 0, owner?.gid ?? (inherited === 0 ? 0 : (above?.gid ?? 0)))
    setMode(at, mode | inherited)
  }

  /** Gives directories that somebody else made below `directory` the time of those made here. */
  noteMade(directory: string, names: readonly string[]): void {
    let made = directory
    for (const name of names) {
      made = joinPath(made, name)
      this.times.set(made, 0n)
    }
  }

  close(): void {
    this.#tree.close()
    this.#other.close()
    this.rooted.close()
  }
}
