import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { OverlayXattrs } from '../ports/index.ts'
import { detach, mountOverlay } from './overlay.ts'

/** Where snapshots find layers and how they mount. */
export interface SnapshotSettings {
  readonly layersDirectory: string
  readonly overlay: OverlayXattrs
  readonly workingDirectory: string
}

/** A writable root filesystem over layers: what a step changes lands in `layerDirectory/fs`. */
export interface Workspace {
  /** The mounted root filesystem. */
  readonly root: string
  /** Holds the tree of changes as `fs`; becomes the layer once `unmount` was called. */
  readonly layerDirectory: string
  /** What the step changed so far, in overlay form. */
  readonly upper: string
  unmount(): void
}

/**
 * Mounts a writable root filesystem over `lowers` (tree names relative to the layers directory, bottom first; may be
 * empty) inside the fresh directory `directory`.
 */
export function openWorkspace(settings: SnapshotSettings, lowers: readonly string[], directory: string): Workspace {
  const root = join(directory, 'root')
  const layerDirectory = join(directory, 'layer')
  const upper = join(layerDirectory, 'fs')
  const work = join(directory, 'overlay-work')
  const empty = join(directory, 'empty')
  for (const path of [root, layerDirectory, upper, work, empty]) mkdirSync(path)
  // The root directory has no entry in a layer, so every image's root is 0755 whatever the umask.
  for (const path of [upper, empty, layerDirectory]) chmodSync(path, 0o755)
  const { layersDirectory, overlay, workingDirectory } = settings
  mountOverlay({
    lowersDirectory: layersDirectory,
    lowers: lowers.length === 0 ? [empty] : lowers,
    upper: { directory: upper, work },
    target: root,
    overlay,
    workingDirectory,
  })
  let mounted = true
  return {
    root,
    layerDirectory,
    upper,
    unmount() {
      if (!mounted) return
      mounted = false
      detach(root)
      rmSync(work, { recursive: true, force: true })
    },
  }
}

/**
 * A workspace on nothing, for a layer that must not depend on what it comes to lie on: its root is the tree of changes
 * itself, without an overlay, which would mark the directories made in it as opaque.
 */
export function openEmptyWorkspace(directory: string): Workspace {
  const layerDirectory = join(directory, 'layer')
  const upper = join(layerDirectory, 'fs')
  for (const path of [layerDirectory, upper]) {
    mkdirSync(path)
    chmodSync(path, 0o755)
  }
  return { root: upper, layerDirectory, upper, unmount: () => undefined }
}

/**
 * Mounts `lowers` with changes in `upper`, a directory that stays, as a container's layer does. `directory` holds the mount
 * point and what overlayfs needs beside; it is made anew. Call `unmount` before anybody else mounts them.
 */
export function openLasting(
  settings: SnapshotSettings,
  lowers: readonly string[],
  upper: string,
  directory: string,
): View {
  // What an overlay that ended by force left in its work directory is of no use, and may keep it from being mounted.
  rmSync(directory, { recursive: true, force: true })
  const [root, work, empty] = [join(directory, 'root'), join(directory, 'work'), join(directory, 'empty')]
  for (const path of [directory, root, work, empty]) mkdirSync(path)
  chmodSync(empty, 0o755)
  const { layersDirectory, overlay, workingDirectory } = settings
  mountOverlay({
    lowersDirectory: layersDirectory,
    lowers: lowers.length === 0 ? [empty] : lowers,
    upper: { directory: upper, work },
    target: root,
    overlay,
    lasting: true,
    workingDirectory,
  })
  let mounted = true
  return {
    root,
    unmount() {
      if (!mounted) return
      mounted = false
      detach(root)
    },
  }
}

/** A read-only view of layers, for copying out of it. */
export interface View {
  readonly root: string
  unmount(): void
}

/** Mounts `lowers` (bottom first) read-only inside the fresh directory `directory`. */
export function openView(settings: SnapshotSettings, lowers: readonly string[], directory: string): View {
  const root = join(directory, 'root')
  const empty = join(directory, 'empty')
  const emptier = join(directory, 'emptier')
  for (const path of [root, empty, emptier]) mkdirSync(path)
  const { layersDirectory, overlay, workingDirectory } = settings
  // A read-only overlay needs two lower directories; the bottom one may be empty.
  mountOverlay({
    lowersDirectory: layersDirectory,
    lowers: lowers.length === 0 ? [emptier, empty] : [empty, ...lowers],
    target: root,
    overlay,
    workingDirectory,
  })
  let mounted = true
  return {
    root,
    unmount() {
      if (!mounted) return
      mounted = false
      detach(root)
    },
  }
}
