import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { type FileTree, mergeLayers } from './file-tree.ts'
import { asList, asObject, asText, type JsonObject, optionalText } from './json.ts'

/** An image as its layout has it: `config` is the `config` object of the image config with the wire's names. */
export interface ReadImage {
  readonly config: JsonObject
  readonly author: string | undefined
  readonly diffIds: readonly string[]
  readonly historyCount: number
  readonly tree: FileTree
}

/**
 * Reads the image of an OCI image layout directory (image-layout.md): the first manifest of index.json that is no
 * attestation, or the one named `name` by `org.opencontainers.image.ref.name`. Layers may be plain, gzip or zstd.
 * Throws when a blob does not have the digest and size its descriptor says, or a layer not its diffId.
 */
export async function readLayout(dir: string, name?: string): Promise<ReadImage> {
  const layout = parseObject(readFileSync(join(dir, 'oci-layout')), 'oci-layout')
  if (layout['imageLayoutVersion'] !== '1.0.0') throw new Error(`${dir}: oci-layout names no version we know`)
  const index = parseObject(readFileSync(join(dir, 'index.json')), 'index.json')
  const manifest = readManifest(dir, index, name)
  const config = readBlob(dir, asObject(manifest['config'], 'manifest.config'))
  const layers = asList(manifest['layers'], 'manifest.layers').map((layer) =>
    inflateLayer(readBlob(dir, asObject(layer, 'manifest.layers'))),
  )
  return readImage(config, layers)
}

/** Puts an image together from its config document and its uncompressed layers, bottom first. */
export async function readImage(configBytes: Uint8Array, layers: readonly Uint8Array[]): Promise<ReadImage> {
  const document = parseObject(configBytes, 'image config')
  const rootfs = asObject(document['rootfs'], 'image config rootfs')
  const diffIds = asList(rootfs['diff_ids'], 'diff_ids').map((item) => asText(item, 'diff_ids'))
  const history = asList(document['history'], 'history').map((item) => asObject(item, 'history'))
  const found = layers.map(sha256)
  if (found.join() !== diffIds.join()) throw new Error(`layers hash to ${found.join()}, diff_ids say ${diffIds.join()}`)
  const withLayer = history.filter((entry) => entry['empty_layer'] !== true)
  if (history.length > 0 && withLayer.length !== diffIds.length) {
    throw new Error(`history has ${withLayer.length} entries with a layer, the image has ${diffIds.length} layers`)
  }
  return {
    config: asObject(document['config'] ?? {}, 'image config'),
    author: optionalText(document, 'author', 'image config'),
    diffIds,
    historyCount: history.length,
    tree: await mergeLayers(layers),
  }
}

function readManifest(dir: string, index: JsonObject, name: string | undefined): JsonObject {
  const descriptors = asList(index['manifests'], 'manifests').map((item) => asObject(item, 'manifests'))
  const chosen = descriptors.find((descriptor) => {
    const annotations = asObject(descriptor['annotations'] ?? {}, 'annotations')
    if (annotations['vnd.docker.reference.type'] === 'attestation-manifest') return false
    return name === undefined || annotations['org.opencontainers.image.ref.name'] === name
  })
  if (chosen === undefined) throw new Error(`${dir}: the index has no image${name === undefined ? '' : ` "${name}"`}`)
  const document = parseObject(readBlob(dir, chosen), 'manifest')
  return Array.isArray(document['manifests']) ? readManifest(dir, document, undefined) : document
}

function readBlob(dir: string, descriptor: JsonObject): Uint8Array {
  const digest = asText(descriptor['digest'], 'descriptor.digest')
  const bytes = readFileSync(join(dir, 'blobs', ...digest.split(':')))
  if (sha256(bytes) !== digest) throw new Error(`blob ${digest} has other bytes`)
  if (bytes.byteLength !== descriptor['size']) throw new Error(`blob ${digest} has ${bytes.byteLength} bytes`)
  return bytes
}

function inflateLayer(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes)
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return zstdDecompressSync(bytes)
  return bytes
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

function parseObject(bytes: Uint8Array, where: string): JsonObject {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
  return asObject(value, where)
}
