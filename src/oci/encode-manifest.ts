import {
  type JsonText,
  jsonBytes,
  listJson,
  numberJson,
  objectJson,
  optionalList,
  optionalMap,
  optionalText,
  textJson,
} from './encode-json.ts'
import type { Descriptor, ImageIndex, ImageManifest, Platform } from './types.ts'

/** The stored bytes of an image manifest: the same bytes for the same manifest, keys in the OCI image-spec's order. */
export function encodeManifest(manifest: ImageManifest): Uint8Array {
  return jsonBytes(
    objectJson([
      ['schemaVersion', numberJson(manifest.schemaVersion)],
      ['mediaType', textJson(manifest.mediaType)],
      ['artifactType', optionalText(manifest.artifactType)],
      ['config', descriptorJson(manifest.config)],
      ['layers', listJson(manifest.layers.map(descriptorJson))],
      ['annotations', optionalMap(manifest.annotations)],
    ]),
  )
}

/** The stored bytes of an image index; as `encodeManifest`. */
export function encodeIndex(index: ImageIndex): Uint8Array {
  return jsonBytes(
    objectJson([
      ['schemaVersion', numberJson(index.schemaVersion)],
      ['mediaType', textJson(index.mediaType)],
      ['manifests', listJson(index.manifests.map(descriptorJson))],
      ['annotations', optionalMap(index.annotations)],
    ]),
  )
}

function descriptorJson(descriptor: Descriptor): JsonText {
  return objectJson([
    ['mediaType', textJson(descriptor.mediaType)],
    ['digest', textJson(descriptor.digest)],
    ['size', numberJson(descriptor.size)],
    ['urls', optionalList(descriptor.urls)],
    ['annotations', optionalMap(descriptor.annotations)],
    ['data', optionalText(descriptor.data)],
    ['platform', descriptor.platform === undefined ? undefined : platformJson(descriptor.platform)],
  ])
}

function platformJson(platform: Platform): JsonText {
  return objectJson([
    ['architecture', textJson(platform.architecture)],
    ['os', textJson(platform.os)],
    ['os.features', optionalList(platform.osFeatures)],
    ['os.version', optionalText(platform.osVersion)],
    ['variant', optionalText(platform.variant)],
  ])
}
