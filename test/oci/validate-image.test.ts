import { describe, expect, it } from 'vitest'
import { digestOf, parseDiffId } from '../../src/base/index.ts'
import { type ImageConfig, type ImageManifest, mediaTypes, validateImage } from '../../src/oci/index.ts'

const diffIds = [parseDiffId(digestOf('a')), parseDiffId(digestOf('b'))]
const sound: ImageConfig = {
  platform: { os: 'linux', architecture: 'amd64' },
  created: '2024-02-29T12:00:00.123456789Z',
  config: { env: ['PATH=/bin'], workingDir: '/srv', exposedPorts: ['80/tcp'], healthcheck: { test: ['NONE'] } },
  diffIds,
  history: [
    { createdBy: 'COPY a' },
    { createdBy: 'ENV', emptyLayer: true },
    { createdBy: 'COPY b', created: '2024-01-01T00:00:00+02:00' },
  ],
}
const manifest: ImageManifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: { mediaType: mediaTypes.ociConfig, digest: digestOf('c'), size: 10 },
  layers: [
    { mediaType: mediaTypes.ociLayer, digest: digestOf('a'), size: 1 },
    { mediaType: mediaTypes.ociLayerZstd, digest: digestOf('compressed'), size: 1 },
  ],
}

describe('validateImage', () => {
  it('finds nothing in a sound image', () => {
    expect(validateImage(sound, manifest)).toEqual([])
    expect(validateImage({ ...sound, history: [] })).toEqual([])
  })

  it.each<[string, Partial<ImageConfig>]>([
    ['history has 1 entries', { history: [{ createdBy: 'x' }] }],
    ['platform.os is empty', { platform: { os: '', architecture: 'amd64' } }],
    ['not NAME=value', { config: { env: ['NAME'] } }],
    ['sets "A" again', { config: { env: ['A=1', 'A=2'] } }],
    ['is not absolute', { config: { workingDir: 'srv' } }],
    ['exposedPorts has "80"', { config: { exposedPorts: ['80'] } }],
    ['healthcheck.test begins with "RUN"', { config: { healthcheck: { test: ['RUN'] } } }],
    ['created "yesterday"', { created: 'yesterday' }],
    [
      'history[0].created "2024-13-01T00:00:00Z"',
      { diffIds: [], history: [{ created: '2024-13-01T00:00:00Z', emptyLayer: true }] },
    ],
  ])('says: %s', (problem, change) => {
    expect(validateImage({ ...sound, ...change })).toEqual([expect.stringContaining(problem)])
  })

  it.each<[string, Partial<ImageManifest>]>([
    ['the manifest has 1 layers', { layers: manifest.layers.slice(0, 1) }],
    ['another order', { layers: [...manifest.layers].reverse() }],
    ['manifest.mediaType', { mediaType: mediaTypes.ociIndex }],
    [
      "is not an image config's",
      { config: { ...manifest.config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } },
    ],
    ['is not a size', { config: { ...manifest.config, size: 0 } }],
    ['over the limit', { config: { ...manifest.config, size: 5e6 } }],
    [
      'manifest.layers[1].mediaType',
      { layers: manifest.layers.map((layer, at) => (at === 1 ? { ...layer, mediaType: 'text/plain' } : layer)) },
    ],
    [
      'has urls',
      { layers: manifest.layers.map((layer, at) => (at === 1 ? { ...layer, urls: ['https://x'] } : layer)) },
    ],
  ])('says of the manifest: %s', (problem, change) => {
    expect(validateImage(sound, { ...manifest, ...change })).toEqual([expect.stringContaining(problem)])
  })
})
