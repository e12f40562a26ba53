import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestHex, digestOf, isDigest, parseDigest, ToolError } from '../base/index.ts'
import { decodeConfig, decodeManifest } from '../oci/index.ts'
import type { ImageStore, Layer, StoredImage, StoredReference } from '../ports/index.ts'
import type { Blobs } from './blobs.ts'
import { readJson, writeAtomic } from './files.ts'
import type { Layers } from './layers.ts'

/** Images of a store, and what only listings need. */
export interface Images extends ImageStore {
  /** Every stored image, named or not. */
  imageIds(): readonly Digest[]
  image(id: Digest): StoredImage | undefined
}

/** Opens the images below `root`; configs and manifests are blobs, an image is there when its record file is. */
export function openImages(root: string, blobs: Blobs, layers: Layers): Images {
  const recordPath = (id: Digest): string => join(root, 'images', `${digestHex(id)}.json`)
  const image = (id: Digest): StoredImage | undefined =>
    readImage(id, readJson(recordPath(id), decodeRecord), blobs, layers)
  const imageIds = (): readonly Digest[] =>
    readdirSync(join(root, 'images'))
      .sort()
      .map((name) => `sha256:${name.replace(/\.json$/, '')}`)
      .filter((text) => isDigest(text))

  return {
    image,
    imageIds,
    findImage(name) {
      const reference = readJson(join(root, 'refs', referenceFile(name)), decodeReference)
      if (reference?.name === name) return image(reference.imageId)
      const id = expandId(name, imageIds)
      return id === undefined ? undefined : image(id)
    },
    writeImage({ id, configBytes, manifestBytes, manifestDigest }) {
      blobs.writeBytes(configBytes)
      if (manifestBytes !== undefined) blobs.writeBytes(manifestBytes)
      writeAtomic(root, recordPath(id), JSON.stringify({ id, manifestDigest }), 'flushed')
    },
    tag(name, imageId, pulledDigest) {
      const record = JSON.stringify({ name, imageId, pulledDigest })
      writeAtomic(root, join(root, 'refs', referenceFile(name)), record, 'flushed')
    },
    references() {
      return readdirSync(join(root, 'refs'))
        .map((file) => readJson(join(root, 'refs', file), decodeReference))
        .filter((reference) => reference !== undefined)
    },
  }
}

/** File name for an image name: the name itself, escaped; a digest of it when that would be too long for a file name. */
function referenceFile(name: string): string {
  const escaped = encodeURIComponent(name)
  return `${escaped.length <= 200 ? escaped : digestHex(digestOf(name))}.json`
}

/** The image ID that `text` (with or without `sha256:`, at least 4 hex digits) begins. Throws when several do. */
function expandId(text: string, imageIds: () => readonly Digest[]): Digest | undefined {
  const hex = text.replace(/^sha256:/, '')
  if (!/^[a-f0-9]{4,64}$/.test(hex)) return undefined
  const found = imageIds().filter((id) => digestHex(id).startsWith(hex))
  if (found.length > 1) {
    throw new ToolError('image-not-found', `"${text}" begins the IDs of ${found.length} images`, {
      hint: 'give more digits of the ID; `longshore images --no-trunc` shows them',
    })
  }
  return found[0]
}

interface ImageRecord {
  readonly id: Digest
  readonly manifestDigest: Digest | undefined
}

function readImage(id: Digest, record: ImageRecord | undefined, blobs: Blobs, layers: Layers): StoredImage | undefined {
  const configBytes = record === undefined ? undefined : blobs.read(id)
  if (record === undefined || configBytes === undefined) return undefined
  const config = decodeConfig(configBytes)
  const found: Layer[] = []
  for (const diffId of config.diffIds) {
    const layer = layers.layer(diffId)
    if (layer === undefined) return undefined
    found.push(layer)
  }
  const manifestBytes = record.manifestDigest === undefined ? undefined : blobs.read(record.manifestDigest)
  if (record.manifestDigest === undefined || manifestBytes === undefined) return { id, config, layers: found }
  return { id, config, layers: found, manifest: decodeManifest(manifestBytes), manifestDigest: record.manifestDigest }
}

function decodeRecord(value: unknown): ImageRecord | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined
  if (typeof value.id !== 'string' || !isDigest(value.id)) return undefined
  const manifest = 'manifestDigest' in value ? value.manifestDigest : undefined
  return { id: value.id, manifestDigest: typeof manifest === 'string' && isDigest(manifest) ? manifest : undefined }
}

function decodeReference(value: unknown): StoredReference | undefined {
  if (typeof value !== 'object' || value === null || !('name' in value) || !('imageId' in value)) return undefined
  if (typeof value.name !== 'string' || typeof value.imageId !== 'string' || !isDigest(value.imageId)) return undefined
  const pulled = 'pulledDigest' in value ? value.pulledDigest : undefined
  const base = { name: value.name, imageId: parseDigest(value.imageId) }
  return typeof pulled === 'string' && isDigest(pulled) ? { ...base, pulledDigest: pulled } : base
}
