import { closeSync, constants, cpSync, openSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { invariant, ToolError } from '../base/index.ts'
import type { MountFiles } from '../build/index.ts'
import type { MountSource } from '../ir/index.ts'
import type { ContextSelection, Layer } from '../ports/index.ts'
import {
  applyCopy,
  openView,
  openWorkspace,
  resolveInRoot,
  type SnapshotSettings,
  selectInRoot,
} from '../snapshot/index.ts'
import type { Store } from '../store/index.ts'
import type { Session } from '../store/session.ts'
import {
  O_CLOEXEC,
  O_PATH,
  openat2,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../sys/index.ts'
import { leaseLayers } from './lease-layers.ts'
import { unpackLayers } from './unpack-layers.ts'

/** What mounts take their files with. */
export interface MountedFilesSettings {
  readonly store: Store
  readonly session: Session
  readonly snapshots: SnapshotSettings
  /** Root of the build context. */
  readonly contextDirectory: string
}

/** Files of a tree that a mount takes. */
interface SelectedTree {
  readonly root: string
  readonly selection: ContextSelection
}

/** Files at a path of this machine, for as long as they are needed. */
export interface MountedFiles {
  readonly path: string
  release(): void
}

/**
 * Shows what mounts of RUN ask for. Files of layers are mounted where they are. Those of the context are copied first,
 * once for each content: without what .dockerignore leaves out, owned by 0:0, and as they were when they were hashed.
 */
export class FileMounter {
  readonly #settings: MountedFilesSettings
  readonly #copies = new Map<string, Promise<string>>()

  constructor(settings: MountedFilesSettings) {
    this.#settings = settings
  }

  /** The files of a mount, writable when asked for; what is written is gone when they are released. */
  async open(files: MountFiles, source: MountSource, writable: boolean): Promise<MountedFiles> {
    if (files.source.kind !== 'layers') {
      const copy = await this.#copy(files.digest, this.#tree(files.source))
      return this.#mount({ directory: this.#settings.session.directory, names: [copy] }, () => 'files', writable)
    }
    return this.openLayers(files.source.layers, source.sources[0], writable)
  }

  /** The same for a path in layers. */
  async openLayers(layers: readonly Layer[], source: string, writable: boolean): Promise<MountedFiles> {
    const { store, snapshots } = this.#settings
    await this.#unpacked(layers)
    const names = layers.map((layer) => store.layers.treeName(layer.diffId))
    const place = (root: string): string => resolvedSource(root, source)
    return this.#mount({ directory: snapshots.layersDirectory, names }, place, writable)
  }

  /** Copies the files of a mount into `directory`, for a cache to begin with. */
  async copyInto(directory: string, source: MountSource, files: MountFiles['source']): Promise<void> {
    if (files.kind !== 'layers') {
      await copySelection(this.#tree(files), directory, '/')
      return
    }
    const { store, snapshots, session } = this.#settings
    await this.#unpacked(files.layers)
    const names = files.layers.map((layer) => store.layers.treeName(layer.diffId))
    const place = session.makeDirectory('view')
    try {
      const view = openView(snapshots, names, place)
      try {
        const found = selectInRoot(view.root, source.sources, source.sourceSpans)
        invariant(found.kind === 'selected', 'the files of the mount are gone')
        await copySelection({ root: view.root, selection: found.selection }, directory, '/')
      } finally {
        view.unmount()
      }
    } finally {
      session.removeDirectory(place)
    }
  }

  /** Copies what a mount of the context showed to `directory`, where `openKept` finds it. */
  async keepCopy(digest: string, directory: string): Promise<void> {
    const copy = await this.#copies.get(digest)
    invariant(copy !== undefined, 'a mount that was open has a copy')
    const from = join(this.#settings.session.directory, copy)
    cpSync(from, directory, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  }

  /** Shows what `keepCopy` kept; what is written is gone when it is released. */
  openKept(directory: string, writable: boolean): MountedFiles {
    return this.#mount({ directory: dirname(directory), names: [basename(directory)] }, () => 'files', writable)
  }

  async #unpacked(layers: readonly Layer[]): Promise<void> {
    const { store, session, snapshots } = this.#settings
    leaseLayers(store, session, layers)
    await unpackLayers({ store, session, overlay: snapshots.overlay }, layers)
  }

  /** The one tree outside of images that a mount takes files from. */
  #tree(source: Exclude<MountFiles['source'], { kind: 'layers' }>): SelectedTree {
    if (source.kind === 'context') return { root: this.#settings.contextDirectory, selection: source.selection }
    const [part, ...others] = source.parts
    invariant(part !== undefined && others.length === 0, 'a mount takes its files from one tree')
    return part
  }

  #copy(digest: string, tree: SelectedTree): Promise<string> {
    let made = this.#copies.get(digest)
    if (made === undefined) {
      made = this.#makeCopy(tree)
      this.#copies.set(digest, made)
    }
    return made
  }

  async #makeCopy(tree: SelectedTree): Promise<string> {
    const { session } = this.#settings
    const directory = session.makeDirectory('context')
    await copySelection(tree, directory, '/files')
    return directory.slice(session.directory.length + 1)
  }

  #mount(
    layers: { readonly directory: string; readonly names: readonly string[] },
    place: (root: string) => string,
    writable: boolean,
  ): MountedFiles {
    const { session, snapshots } = this.#settings
    const directory = session.makeDirectory('mount')
    const settings = { ...snapshots, layersDirectory: layers.directory }
    const view = writable
      ? openWorkspace(settings, layers.names, directory)
      : openView(settings, layers.names, directory)
    const release = (): void => {
      view.unmount()
      session.removeDirectory(directory)
    }
    try {
      return { path: pathInside(view.root, place(view.root)), release }
    } catch (error) {
      release()
      throw error
    }
  }
}

/** Where a mount's source really is, symlinks followed inside the root (CVE-2024-1753). */
function resolvedSource(root: string, source: string): string {
  const path = resolveInRoot(root, source)
  invariant(path !== undefined, 'the files of the mount are gone')
  return path
}

/** The host's path of something in a mounted root that nobody else writes to; no symlink may turn up on the way. */
function pathInside(root: string, path: string): string {
  if (path === '') return root
  const fd = openSync(root, O_PATH | O_CLOEXEC | constants.O_DIRECTORY)
  try {
    closeSync(openat2(fd, path, O_PATH | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS))
  } finally {
    closeSync(fd)
  }
  return join(root, path)
}

async function copySelection(tree: SelectedTree, targetRoot: string, destination: string): Promise<void> {
  const { root, selection } = tree
  const isDirectory = selection.sources.every(({ matches }) => matches.every(({ type }) => type === 'directory'))
  if (destination === '/' && !isDirectory) {
    throw new ToolError('step-failed', 'a cache mount can begin only with a directory', {
      hint: 'name a directory by source, or leave source and from out',
    })
  }
  await applyCopy({ source: { root, selection }, targetRoot, destination })
}
