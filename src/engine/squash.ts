import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalHash, type DiffId, parseStepKey } from '../base/index.ts'
import { digestLayer, mergeLayers } from '../layer/index.ts'
import type { HistoryEntry, ImageConfig } from '../oci/index.ts'
import type { Layer } from '../ports/index.ts'
import type { Store } from '../store/index.ts'
import type { Session } from '../store/session.ts'
import { removedMeanwhile } from './lease-layers.ts'
import type { Scene } from './scene.ts'
import { unpackLayers } from './unpack-layers.ts'
import type { Workshop } from './workshop.ts'

const domain = 'longshore.squash/1'

/**
 * `config` with one layer in place of all above the first `baseCount`. Its history has all instructions still, as such that
 * made no layer, and one entry for the layer. A layer that was merged of the same ones before is taken again.
 */
export async function squashConfig(scene: Scene, config: ImageConfig, baseCount: number): Promise<ImageConfig> {
  const lowers = config.diffIds.slice(0, baseCount)
  const merged = config.diffIds.slice(baseCount)
  if (merged.length < 2) return config
  const { diffId } = await mergedLayer(scene, await scene.enter(), lowers, merged)
  let layers = 0
  const history = (config.history ?? []).map((entry): HistoryEntry => {
    if (entry.emptyLayer === true) return entry
    layers += 1
    return layers <= baseCount ? entry : { ...entry, emptyLayer: true }
  })
  const { created } = config
  const own = { ...(created === undefined ? {} : { created }), createdBy: 'longshore build --squash' }
  return {
    ...config,
    diffIds: [...lowers, diffId],
    history: [...history, { ...own, comment: `${merged.length} layers in one` }],
  }
}

async function mergedLayer(
  { store, host }: Scene,
  { session, overlay }: Workshop,
  lowerIds: readonly DiffId[],
  mergedIds: readonly DiffId[],
): Promise<Layer> {
  const leased = (diffId: DiffId): Layer => {
    session.lease([store.layers.name(diffId)])
    const layer = store.layers.layer(diffId)
    if (layer === undefined) throw removedMeanwhile(`the layer ${diffId}`)
    return layer
  }
  const [lowers, merged] = [lowerIds.map(leased), mergedIds.map(leased)]
  const contents = (layers: readonly Layer[]): readonly string[] => layers.map(({ contentDigest }) => contentDigest)
  const key = parseStepKey(`sha256:${canonicalHash(domain, { lowers: contents(lowers), merged: contents(merged) })}`)
  const before = store.records.readSelection(key)
  const known = before === undefined ? undefined : store.layers.layerByContent(before.contentDigest)
  if (known !== undefined && isThere(store, session, known)) return known

  await unpackLayers({ store, session, overlay }, [...lowers, ...merged])
  const directory = session.makeDirectory('squash')
  const target = join(directory, 'fs')
  mkdirSync(target)
  for (const path of [directory, target]) chmodSync(path, 0o755)
  const trees = (layers: readonly Layer[]): readonly string[] =>
    layers.map(({ diffId }) => store.layers.treePath(diffId))
  mergeLayers({ layers: trees(merged), lowers: trees(lowers), target, overlay })
  const digests = digestLayer(target, { overlay })
  store.records.writeSelection({ key, contentDigest: digests.contentDigest })
  const same = store.layers.layerByContent(digests.contentDigest)
  if (same !== undefined && isThere(store, session, same)) return same
  session.lease([store.layers.name(digests.diffId)])
  return store.layers.adopt({ ...digests, directory, created: new Date(host.nowMs()).toISOString() })
}

/** Whether a layer is there, and stays. */
function isThere(store: Store, session: Session, { diffId }: Layer): boolean {
  session.lease([store.layers.name(diffId)])
  return store.layers.isPresent(diffId)
}
