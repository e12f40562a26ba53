import { mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestHex, errnoCode, storeAction, ToolError } from '../base/index.ts'
import { readMountTable } from '../sandbox/mount-table.ts'
import { openView } from '../snapshot/index.ts'
import { detach } from '../snapshot/overlay.ts'
import { openStore, type Store } from '../store/index.ts'
import { type Host, overlayXattrs, storeRoot } from './host.ts'
import { requireLayers } from './lease-layers.ts'
import { enterNamespace } from './namespace.ts'
import { requireImage } from './require-image.ts'
import { unpackImage } from './unpack-layers.ts'

/** An image that is mounted in this mount namespace. */
export interface MountedImage {
  readonly id: string
  readonly path: string
}

/**
 * Mounts an image's files, read-only, where the caller sees them, and keeps its layers until `unmountImages`. One that is mounted
 * already is left so. Throws `ToolError` `image-not-found`, `isolation-unavailable` for a user outside a namespace of their own.
 */
export async function mountImage(host: Host, root: string | undefined, text: string): Promise<MountedImage> {
  const store = openStore(storeRoot(host, root))
  const { image } = requireImage(store, text)
  requireMounting(host)
  sweepMounts(store)
  const known = mountedImages(host, root).find(({ id }) => id === image.id)
  if (known !== undefined) return known
  await unpackImage(host, store, image)
  const directory = mountDirectory(store, image.id)
  storeAction(`make ${directory}`, () => {
    // What was mounted here before the machine was started again.
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(join(directory, 'uses'), { recursive: true, mode: 0o755 })
    for (const { diffId } of image.layers) writeFileSync(join(directory, 'uses', store.layers.name(diffId)), '')
  })
  try {
    requireLayers(store, image.layers)
    const settings = {
      layersDirectory: store.layers.directory,
      overlay: overlayXattrs(host),
      workingDirectory: host.cwd,
    }
    const lowers = image.layers.map(({ diffId }) => store.layers.treeName(diffId))
    return { id: image.id, path: openView(settings, lowers, directory).root }
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

/** Enters the namespace in which a user may mount images; as a user this starts the command anew. */
export async function enterMounting(host: Host, root: string | undefined): Promise<void> {
  await enterNamespace(host, openStore(storeRoot(host, root)))
}

/** The images that are mounted in this mount namespace. */
export function mountedImages(host: Host, root: string | undefined): readonly MountedImage[] {
  const { root: place } = openStore(storeRoot(host, root))
  const points = mountPoints()
  return namesIn(join(place, 'mounts')).flatMap((name) => {
    const [id = '', namespace] = name.split('-')
    const path = join(place, 'mounts', name, 'root')
    return namespace === mountNamespace('self') && points.has(path) ? [{ id: `sha256:${id}`, path }] : []
  })
}

/** Unmounts images, by name, ID or the beginning of an ID, or all of this namespace. Throws `ToolError` `usage` for one that is not mounted. */
export function unmountImages(
  host: Host,
  root: string | undefined,
  texts: readonly string[] | 'all',
): readonly string[] {
  const store = openStore(storeRoot(host, root))
  const mounted = mountedImages(host, root)
  const chosen = texts === 'all' ? mounted : texts.map((text) => findMounted(store, mounted, text))
  requireMounting(host)
  for (const { path } of chosen) {
    detach(path)
    storeAction(`remove ${path}`, () => rmSync(join(path, '..'), { recursive: true, force: true }))
  }
  sweepMounts(store)
  return chosen.map(({ id }) => id)
}

function findMounted(store: Store, mounted: readonly MountedImage[], text: string): MountedImage {
  const hex = text.replace(/^sha256:/, '')
  // The image itself may be removed by now.
  const byId = /^[a-f0-9]{4,64}$/.test(hex) ? mounted.filter(({ id }) => id.startsWith(`sha256:${hex}`)) : []
  const [found] = byId.length === 1 ? byId : mounted.filter(({ id }) => id === requireImage(store, text).image.id)
  if (found !== undefined) return found
  throw new ToolError('usage', `the image ${text} is not mounted`, { hint: '`longshore image mount` lists what is' })
}

function requireMounting({ uid }: Host): void {
  if (uid === 0) return
  throw new ToolError('isolation-unavailable', 'an ordinary user can mount only in a namespace of their own', {
    hint: 'start a shell in one, and mount there: longshore unshare',
  })
}

function mountDirectory(store: Store, id: Digest): string {
  return join(store.root, 'mounts', `${digestHex(id)}-${mountNamespace('self') ?? ''}`)
}

/** Number of the mount namespace of a process; undefined when it has ended or may not be looked at. */
function mountNamespace(pid: string): string | undefined {
  try {
    return /\d+/.exec(readlinkSync(`/proc/${pid}/ns/mnt`))?.[0]
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'ESRCH'].includes(errnoCode(error) ?? '')) return undefined
    throw error
  }
}

/** Forgets mounts of namespaces that no process is in any more; they went with them. */
function sweepMounts(store: Store): void {
  const parent = join(store.root, 'mounts')
  const names = namesIn(parent)
  if (names.length === 0) return
  const living = new Set(readdirSync('/proc').flatMap((pid) => (/^\d+$/.test(pid) ? (mountNamespace(pid) ?? []) : [])))
  for (const name of names) {
    if (living.has(name.split('-')[1] ?? '')) continue
    storeAction(`remove ${name}`, () => rmSync(join(parent, name), { recursive: true, force: true }))
  }
}

function mountPoints(): ReadonlySet<string> {
  return new Set(readMountTable().map(({ mountPoint }) => mountPoint))
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return []
    throw error
  }
}
