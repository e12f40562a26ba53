import { chmodSync, createReadStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { type DiffId, ToolError } from '../base/index.ts'
import { unpackLayer } from '../layer/index.ts'
import type { Layer, OverlayXattrs, StoredImage } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import { openSession, type Session } from '../store/session.ts'
import { type Host, overlayXattrs } from './host.ts'
import { leaseLayers, removedMeanwhile } from './lease-layers.ts'
import { enterNamespace } from './namespace.ts'

export interface UnpackSettings {
  readonly store: Store
  readonly session: Session
  readonly overlay: OverlayXattrs
}

const readBytes = 1 << 20
/** Decompressing goes on in threads while files are written. */
const parallelUnpacks = 3

/** Layers that this process is unpacking, so that steps which need the same one wait for it. */
const underWay = new WeakMap<Store, Map<DiffId, Promise<void>>>()

/**
 * Sees to it that layers have their files: those that came from a cache as blobs alone are unpacked now. They must be leased.
 * Call it inside the namespace, before the layers are mounted. Throws `ToolError` `store-corrupt` for a blob that is not
 * what it was, and what unpacking throws.
 */
export async function unpackLayers(settings: UnpackSettings, layers: readonly Pick<Layer, 'diffId'>[]): Promise<void> {
  const { store } = settings
  const packed = layers.filter(({ diffId }) => store.layers.isPacked(diffId))
  if (packed.length === 0) return
  const running = underWay.get(store) ?? new Map<DiffId, Promise<void>>()
  underWay.set(store, running)
  const limit = pLimit(parallelUnpacks)
  const unpackOnce = ({ diffId }: Pick<Layer, 'diffId'>): Promise<void> => {
    const known = running.get(diffId)
    const made = known ?? unpack(settings, diffId).finally(() => running.delete(diffId))
    if (known === undefined) running.set(diffId, made)
    return made
  }
  await Promise.all(packed.map((layer) => limit(unpackOnce, layer)))
}

/** As `unpackLayers` for a command that has no session; as a user this starts the command anew when there is something to unpack. */
export async function unpackImage(host: Host, store: Store, { layers }: Pick<StoredImage, 'layers'>): Promise<void> {
  if (!layers.some(({ diffId }) => store.layers.isPacked(diffId))) return
  // Nothing is mounted here: root stays where it is, since mounts of its own are to be seen.
  if (host.uid !== 0) await enterNamespace(host, store)
  const session = openSession(store.root, host.nowMs(), () => {})
  try {
    leaseLayers(store, session, layers)
    await unpackLayers({ store, session, overlay: overlayXattrs(host) }, layers)
  } finally {
    await session.close()
  }
}

async function unpack({ store, session, overlay }: UnpackSettings, diffId: DiffId): Promise<void> {
  const blob = store.layers.layer(diffId)?.blob
  if (blob === undefined) throw removedMeanwhile(`the layer ${diffId}`)
  if (!store.blobs.has(blob.digest)) throw damaged(diffId, `its blob ${blob.digest} is gone`)
  const directory = session.makeDirectory('unpack')
  try {
    const tree = join(directory, 'fs')
    mkdirSync(tree)
    chmodSync(tree, 0o755)
    const source = createReadStream(store.blobs.path(blob.digest), { highWaterMark: readBytes })
    const unpacked = await unpackLayer(source, tree, { overlay })
    if (unpacked.diffId !== diffId) throw damaged(diffId, `its blob ${blob.digest} now holds ${unpacked.diffId}`)
    store.layers.adoptTree(diffId, directory)
  } finally {
    session.removeDirectory(directory)
  }
}

function damaged(diffId: DiffId, why: string): ToolError {
  return new ToolError('store-corrupt', `the layer ${diffId} cannot be unpacked: ${why}`, {
    hint: 'take it out with `longshore system check --repair`, and build again',
  })
}
