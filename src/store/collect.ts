import { closeSync, existsSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type DiffId, digestHex, errnoCode, isDigest, parseDigest, storeAction } from '../base/index.ts'
import type { Layer } from '../ports/index.ts'
import { waitForLock } from '../sys/index.ts'
import { decodeLayer } from './decode.ts'
import { type FailedStep, failedSteps } from './failed-steps.ts'
import { readJson } from './files.ts'
import { readForms } from './layers.ts'
import type { Store } from './open.ts'
import { openPending } from './pending.ts'
import type { Session } from './session.ts'

/** A blob that nothing names may be one that another process is about to name; none takes longer than this. */
const blobAgeMs = 60 * 60 * 1000

/** What was removed. */
export interface Collected {
  readonly layers: readonly Layer[]
  /** Uncompressed size of the layers and size of the blobs, in bytes. */
  readonly sizeBytes: number
}

/**
 * Removes the layers that no image, no step record, no kept failure and no running command needs, and the blobs that go with them. Safe
 * beside running builds: whoever uses a layer first leases it and then looks whether it is there; here it is first moved
 * away and then looked whether somebody needs it, so that one of the two sees the other. Call it inside the namespace.
 */
export async function collectUnneeded(store: Store, session: Session, nowMs: number): Promise<Collected> {
  const lock = storeAction('remove layers', () => openSync(join(store.root, 'collect.lock'), 'a', 0o644))
  try {
    await waitForLock(lock)
    return storeAction('remove layers', () => collect(store, session, nowMs))
  } finally {
    closeSync(lock)
  }
}

function collect(store: Store, session: Session, nowMs: number): Collected {
  const { directory } = store.layers
  const trash = session.makeDirectory('unneeded')
  // In this order: a layer that comes in later is leased first.
  const names = readdirSync(directory)
  const before = neededLayers(store)
  // One that a power cut may have damaged is of no use to anyone.
  const damaged = new Set(names.filter((name) => isDamaged(store, name)))
  const moved = names.filter((name) => !before.has(name) || damaged.has(name))
  for (const name of moved) renameSync(join(directory, name), join(trash, name))
  const after = neededLayers(store)
  const gone: Layer[] = []
  const goneBlobs = new Set<string>()
  for (const name of moved) {
    // Another process may have made it again meanwhile.
    if (existsSync(join(directory, name))) continue
    if (after.has(name) && !damaged.has(name)) {
      renameSync(join(trash, name), join(directory, name))
      continue
    }
    const layer = readJson(join(trash, name, 'layer.json'), decodeLayer)
    rmSync(join(store.root, 'pending', name), { force: true })
    if (layer === undefined) continue
    gone.push(layer)
    const forms = Object.values(readForms(join(trash, name)))
    for (const blob of layer.blob === undefined ? forms : [layer.blob, ...forms]) goneBlobs.add(digestHex(blob.digest))
    store.layers.forget(layer)
  }
  session.removeDirectory(trash)
  const blobBytes = collectBlobs(store, goneBlobs, nowMs)
  return { layers: gone, sizeBytes: gone.reduce((sum, layer) => sum + layer.sizeBytes, blobBytes) }
}

function isDamaged(store: Store, name: string): boolean {
  const layer = readJson(join(store.layers.directory, name, 'layer.json'), decodeLayer)
  return layer === undefined || openPending(store.root).lost(name)
}

/** Directory names of the layers of images, of step results, and of those that running commands and containers use. */
function neededLayers(store: Store): ReadonlySet<string> {
  const needed = new Set<string>()
  for (const id of store.images.imageIds())
    for (const diffId of store.images.config(id)?.diffIds ?? []) needed.add(store.layers.name(diffId))
  for (const diffId of store.records.results()) needed.add(store.layers.name(diffId))
  for (const name of leasedLayers(store.root)) needed.add(name)
  for (const diffId of failedSteps(store.root).flatMap(layersOf)) needed.add(store.layers.name(diffId))
  return needed
}

function layersOf({ layers, mounts }: FailedStep): readonly DiffId[] {
  return [...layers, ...mounts.flatMap((mount) => (mount.kind === 'layers' ? mount.layers : []))]
}

/** Whoever needs layers, a session, a container or a mount, has a directory `uses` with their names. */
export function leasedLayers(root: string): readonly string[] {
  return ['work', 'containers', 'mounts'].flatMap((folder) =>
    namesIn(join(root, folder)).flatMap((user) => namesIn(join(root, folder, user, 'uses'))),
  )
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    // The session has just ended, or the container has just been removed.
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return []
    throw error
  }
}

function collectBlobs(store: Store, ofGone: ReadonlySet<string>, nowMs: number): number {
  const named = new Set<string>()
  for (const id of store.images.imageIds()) {
    named.add(digestHex(id))
    const manifest = store.images.image(id)?.manifestDigest
    if (manifest !== undefined) named.add(digestHex(manifest))
  }
  for (const { index } of store.images.indexes()) if (index.document !== undefined) named.add(digestHex(index.document))
  for (const name of readdirSync(store.layers.directory)) {
    const blob = readJson(join(store.layers.directory, name, 'layer.json'), decodeLayer)?.blob
    if (blob !== undefined) named.add(digestHex(blob.digest))
    for (const form of Object.values(readForms(join(store.layers.directory, name)))) named.add(digestHex(form.digest))
  }
  let sizeBytes = 0
  for (const hex of readdirSync(join(store.root, 'blobs/sha256'))) {
    if (named.has(hex) || !isDigest(`sha256:${hex}`)) continue
    const path = store.blobs.path(parseDigest(`sha256:${hex}`))
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined || (!ofGone.has(hex) && nowMs - stat.mtimeMs < blobAgeMs)) continue
    rmSync(path, { force: true })
    sizeBytes += stat.size
  }
  return sizeBytes
}
