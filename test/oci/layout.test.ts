import { describe, expect, it } from 'vitest'
import { digestOf } from '../../src/base/index.ts'
import {
  checkLayoutMarker,
  decodeIndex,
  encodeDockerManifest,
  encodeLayoutIndex,
  encodeLayoutMarker,
  layoutBlobPath,
  layoutImages,
  mediaTypes,
} from '../../src/oci/index.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf('m'), size: 1 }
const other = { mediaType: mediaTypes.ociManifest, digest: digestOf('n'), size: 1 }

describe('image layout', () => {
  it('names each image twice, for containerd and for tools that want the tag', () => {
    const index = decodeIndex(
      encodeLayoutIndex([
        { descriptor, names: ['app', 'r.io/app:1'] },
        { descriptor: other, names: [] },
      ]),
    )
    expect(index.manifests.map((entry) => entry.annotations)).toEqual([
      { 'io.containerd.image.name': 'docker.io/library/app:latest', 'org.opencontainers.image.ref.name': 'latest' },
      { 'io.containerd.image.name': 'r.io/app:1', 'org.opencontainers.image.ref.name': '1' },
      undefined,
    ])
    expect(layoutImages(index).map((image) => [image.descriptor.digest, image.names])).toEqual([
      [descriptor.digest, ['docker.io/library/app:latest', 'r.io/app:1']],
      [other.digest, []],
    ])
  })

  it('reads its own marker and refuses another version', () => {
    expect(text(encodeLayoutMarker())).toBe('{"imageLayoutVersion":"1.0.0"}')
    checkLayoutMarker(encodeLayoutMarker())
    expect(() => checkLayoutMarker(Buffer.from('{"imageLayoutVersion":"2.0.0"}'))).toThrow('version "2.0.0"')
    expect(() => checkLayoutMarker(Buffer.from('{}'))).toThrow(expect.objectContaining({ code: 'invalid-document' }))
  })

  it('lists images for docker load', () => {
    const path = layoutBlobPath(descriptor.digest)
    expect(path).toMatch(/^blobs\/sha256\/[a-f0-9]{64}$/)
    expect(
      JSON.parse(
        text(
          encodeDockerManifest([
            { config: descriptor.digest, names: ['docker.io/library/app'], layers: [other.digest] },
          ]),
        ),
      ),
    ).toEqual([{ Config: path, RepoTags: ['app:latest'], Layers: [layoutBlobPath(other.digest)] }])
  })
})
