import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestOf, ToolError } from '../../src/base/index.ts'
import {
  decodeIndex,
  decodeManifest,
  decodeManifestDocument,
  encodeIndex,
  encodeManifest,
  type ImageIndex,
  type ImageManifest,
  mediaTypes,
} from '../../src/oci/index.ts'

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('config'), size: 6 }
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf('layer'), size: 5 }
const manifest: ImageManifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config,
  layers: [layer],
  annotations: { b: '1', a: '2' },
}
const index: ImageIndex = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [
    {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf('m'),
      size: 1,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
    },
    {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf('n'),
      size: 1,
      platform: { os: 'windows', architecture: 'amd64', osVersion: '10.0' },
    },
  ],
}

describe('decodeManifestDocument', () => {
  it('tells manifest from index', () => {
    expect(decodeManifestDocument(encodeManifest(manifest))).toEqual({ kind: 'manifest', manifest })
    expect(decodeManifestDocument(encodeIndex(index))).toEqual({ kind: 'index', index })
    expect(() => decodeManifest(encodeIndex(index))).toThrow('is an index')
    expect(() => decodeIndex(encodeManifest(manifest))).toThrow('expected an index')
  })

  it('takes the media type from outside when the document has none', () => {
    const { mediaType: _, ...bare } = manifest
    expect(decodeManifest(json(bare)).mediaType).toBe(mediaTypes.ociManifest)
    expect(decodeManifest(json(bare), mediaTypes.dockerManifest).mediaType).toBe(mediaTypes.dockerManifest)
  })

  it.each([
    ['both readings (CVE-2021-41190)', { ...manifest, manifests: index.manifests }, undefined, 'two different images'],
    ['an index with a config', { ...index, config }, undefined, 'two different images'],
    [
      'a media type that disagrees with what it has',
      { ...manifest, mediaType: mediaTypes.ociIndex },
      undefined,
      '$.mediaType is',
    ],
    ['a Content-Type that disagrees', manifest, mediaTypes.dockerManifest, 'announced as'],
    ['an index announced as a manifest', index, mediaTypes.ociManifest, 'announced as'],
    [
      'a bare index announced as a manifest',
      { ...index, mediaType: undefined },
      mediaTypes.ociManifest,
      'announced as',
    ],
    ['neither', { schemaVersion: 2 }, undefined, 'has neither'],
    ['another schema', { ...manifest, schemaVersion: 3 }, undefined, '$.schemaVersion is 3'],
    ['no layers', { ...manifest, layers: undefined }, undefined, '$.layers is missing'],
    [
      'a digest that is a path (CVE-2024-3727)',
      { ...manifest, layers: [{ ...layer, digest: 'sha256:../../etc/passwd' }] },
      undefined,
      '$.layers[0].digest',
    ],
    [
      'an upper-case digest',
      { ...manifest, config: { ...config, digest: config.digest.toUpperCase() } },
      undefined,
      '$.config.digest',
    ],
    ['a negative size', { ...manifest, layers: [{ ...layer, size: -1 }] }, undefined, '$.layers[0].size is -1'],
    [
      'a size that is not whole',
      { ...manifest, layers: [{ ...layer, size: 1.5 }] },
      undefined,
      '$.layers[0].size is 1.5',
    ],
    ['a size beyond exact numbers', { ...manifest, layers: [{ ...layer, size: 1e17 }] }, undefined, '$.layers[0].size'],
  ])('refuses %s', (_, value, mediaType, message) => {
    expect(() => decodeManifestDocument(json(value), mediaType)).toThrow(
      expect.objectContaining({ code: 'invalid-document', message: expect.stringContaining(message) }),
    )
  })

  it('says that schema 1 is not supported', () => {
    expect(() => decodeManifestDocument(json({ schemaVersion: 1, fsLayers: [] }))).toThrow(
      expect.objectContaining({ code: 'not-supported' }),
    )
  })

  it('reads null where Go writes it', () => {
    const sparse = { ...manifest, annotations: null, layers: null }
    expect(decodeManifest(json(sparse)).layers).toEqual([])
  })

  it('throws ToolErrors only, whatever the bytes', () => {
    const keys = fc.constantFrom('schemaVersion', 'mediaType', 'config', 'layers', 'manifests')
    fc.assert(
      fc.property(fc.dictionary(keys, fc.oneof(fc.constant(2), fc.jsonValue())), (value) => {
        try {
          decodeManifestDocument(json(value))
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError)
        }
      }),
    )
  })
})

describe('encodeManifest', () => {
  it('writes the keys in the order of the image-spec', () => {
    expect(Buffer.from(encodeManifest(manifest)).toString()).toBe(
      `{"schemaVersion":2,"mediaType":"${mediaTypes.ociManifest}","config":{"mediaType":"${config.mediaType}","digest":"${config.digest}","size":6},` +
        `"layers":[{"mediaType":"${layer.mediaType}","digest":"${layer.digest}","size":5}],"annotations":{"a":"2","b":"1"}}`,
    )
  })
})
