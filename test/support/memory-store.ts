import {
  type ContentDigest,
  type DiffId,
  type Digest,
  digestHex,
  digestOf,
  type StepKey,
} from '../../src/base/index.ts'
import { decodeConfig } from '../../src/oci/index.ts'
import type {
  ImageStore,
  Layer,
  LayerStore,
  RecordStore,
  SelectionRecord,
  StepRecord,
  StoredImage,
  StoredReference,
} from '../../src/ports/index.ts'

/** Step records in memory; `stored` shows them. */
export function memoryRecords(): RecordStore & { readonly stored: ReadonlyMap<StepKey, StepRecord> } {
  const stored = new Map<StepKey, StepRecord>()
  const selections = new Map<StepKey, SelectionRecord>()
  return {
    stored,
    readRecord: (key) => stored.get(key),
    writeRecord: (record) => void stored.set(record.key, record),
    readSelection: (key) => selections.get(key),
    writeSelection: (record) => void selections.set(record.key, record),
  }
}

/** Layers that exist on paper only. */
export interface MemoryLayers extends LayerStore {
  /** Keeps a layer, unless one with the same diffId is there; gives the one that is. */
  keep(layer: Layer): Layer
}

/** Layers in memory. */
export function memoryLayers(): MemoryLayers {
  const layers = new Map<DiffId, Layer>()
  const byContent = new Map<ContentDigest, Layer>()
  return {
    layer: (diffId) => layers.get(diffId),
    layerByContent: (digest) => byContent.get(digest),
    keep(layer) {
      const kept = layers.get(layer.diffId) ?? layer
      layers.set(kept.diffId, kept)
      if (!byContent.has(kept.contentDigest)) byContent.set(kept.contentDigest, kept)
      return kept
    },
  }
}

/** Images in memory, over the layers of `layers`. */
export function memoryImages(layers: LayerStore): ImageStore {
  const configs = new Map<Digest, Uint8Array>()
  const references = new Map<string, StoredReference>()
  const image = (id: Digest): StoredImage | undefined => {
    const bytes = configs.get(id)
    if (bytes === undefined) return undefined
    const config = decodeConfig(bytes)
    const found = config.diffIds.map((diffId) => layers.layer(diffId)).filter((layer) => layer !== undefined)
    return found.length === config.diffIds.length ? { id, config, layers: found } : undefined
  }
  return {
    findImage(name) {
      const reference = references.get(name)
      if (reference !== undefined) return image(reference.imageId)
      const hex = name.replace(/^sha256:/, '')
      const ids = /^[a-f0-9]{4,64}$/.test(hex) ? [...configs.keys()].filter((id) => digestHex(id).startsWith(hex)) : []
      if (ids.length > 1) throw new Error(`"${name}" is ambiguous`)
      return ids[0] === undefined ? undefined : image(ids[0])
    },
    writeImage({ id, configBytes }) {
      if (digestOf(configBytes) !== id) throw new Error('the config has another digest')
      configs.set(id, configBytes)
    },
    tag: (name, imageId, pulledDigest) =>
      void references.set(name, pulledDigest === undefined ? { name, imageId } : { name, imageId, pulledDigest }),
    references: () => [...references.values()],
  }
}
