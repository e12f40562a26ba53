import { readdirSync, renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestHex, digestOf, errnoCode, isDigest, storeError, ToolError } from '../base/index.ts'
import { decodeConfig, decodeManifest, type ImageConfig } from '../oci/index.ts'
import type { ImageStore, Layer, NamedIndex, StoredImage, StoredIndex, StoredReference } from '../ports/index.ts'
import type { Blobs } from './blobs.ts'
import { decodeName, type NameRecord, namedImages } from './decode-name.ts'
import { readJson, renameInto, temporaryPath, writeAtomic } from './files.ts'
import type { Layers } from './layers.ts'

/** Images of a store, and what only listings need. */
export interface Images extends ImageStore {
  /** Every stored image, named or not. */
  imageIds(): readonly Digest[]
  image(id: Digest): StoredImage | undefined
  /** The config of a stored image, its layers there or not. */
  config(id: Digest): ImageConfig | undefined
  /** What a name points at, when that is an index. */
  index(name: string): NamedIndex | undefined
  /** Every name that points at an index, those of which the store has no image among them. */
  indexes(): readonly NamedIndex[]
  /** Points `name` at an index; `imageId`, one of its images, is meant where nobody asks for a platform. */
  tagIndex(name: string, index: StoredIndex, imageId: Digest | undefined, pulledDigest?: Digest): void
  /** Takes a name off; false when there was no such name. */
  untag(name: string): boolean
  /** Removes an image that has no names. False, and it stays, when it has one (another process may just have given it). */
  remove(id: Digest): boolean
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

  const names = (): readonly NameRecord[] =>
    readdirSync(join(root, 'refs'))
      .map((file) => readJson(join(root, 'refs', file), decodeName))
      .filter((record) => record !== undefined)
  const named = (name: string): NameRecord | undefined => {
    const record = readJson(join(root, 'refs', referenceFile(name)), decodeName)
    return record?.name === name ? record : undefined
  }
  const writeName = (record: NameRecord): void =>
    writeAtomic(root, join(root, 'refs', referenceFile(record.name)), JSON.stringify(record), 'flushed')

  return {
    image,
    imageIds,
    references: () => names().filter(hasImage),
    index(name) {
      const record = named(name)
      return record !== undefined && hasIndex(record) ? record : undefined
    },
    indexes: () => names().filter(hasIndex),
    tagIndex(name, index, imageId, pulledDigest) {
      writeName({
        name,
        ...(imageId === undefined ? {} : { imageId }),
        ...(pulledDigest === undefined ? {} : { pulledDigest }),
        index,
      })
    },
    config(id) {
      const bytes = readJson(recordPath(id), decodeRecord) === undefined ? undefined : blobs.read(id)
      return bytes === undefined ? undefined : decodeConfig(bytes)
    },
    untag: (name) => removeFile(join(root, 'refs', referenceFile(name))),
    remove(id) {
      const isNamed = (): boolean => names().some((record) => namedImages(record).includes(id))
      if (isNamed()) return false
      const aside = temporaryPath(root)
      try {
        renameSync(recordPath(id), aside)
      } catch (error) {
        if (errnoCode(error) === 'ENOENT') return true
        throw storeError(`remove the image ${id}`, error)
      }
      // Whoever names an image looks afterwards whether it is there; so one of the two sees the other.
      if (isNamed()) {
        renameInto(aside, recordPath(id))
        return false
      }
      removeFile(aside)
      return true
    },
    findImage(name) {
      const record = named(name)
      if (record !== undefined) return record.imageId === undefined ? undefined : image(record.imageId)
      const id = expandId(name, imageIds)
      return id === undefined ? undefined : image(id)
    },
    writeImage({ id, configBytes, manifestBytes, manifestDigest }) {
      blobs.writeBytes(configBytes)
      if (manifestBytes !== undefined) blobs.writeBytes(manifestBytes)
      writeAtomic(root, recordPath(id), JSON.stringify({ id, manifestDigest }), 'flushed')
    },
    tag(name, imageId, pulledDigest) {
      writeName({ name, imageId, ...(pulledDigest === undefined ? {} : { pulledDigest }) })
    },
  }
}

function hasImage(record: NameRecord): record is NameRecord & StoredReference {
  return record.imageId !== undefined
}

function hasIndex(record: NameRecord): record is NameRecord & NamedIndex {
  return record.index !== undefined
}

/** Removes a file; false when there was none. */
function removeFile(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false
    throw storeError(`remove ${path}`, error)
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
