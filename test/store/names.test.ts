import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Digest, digestOf } from '../../src/base/index.ts'
import { encodeConfig, mediaTypes, type Platform } from '../../src/oci/index.ts'
import type { StoredIndex } from '../../src/ports/index.ts'
import { namedImages, openStore, type Store } from '../../src/store/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const amd64 = { os: 'linux', architecture: 'amd64' } as const
const arm = { os: 'linux', architecture: 'arm', variant: 'v7', osVersion: '1', osFeatures: ['f'] } as const

function makeStore(): Store {
  return openStore(join(temporaryDirectory(), 'store'))
}

function write(store: Store, platform: Platform): Digest {
  const configBytes = encodeConfig({ platform, config: {}, diffIds: [], history: [] })
  const id = digestOf(configBytes)
  store.images.writeImage({ id, configBytes })
  return id
}

const remote = {
  kind: 'remote',
  name: 'registry.example.com/app:1',
  descriptor: {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf('manifest'),
    size: 8,
    platform: arm,
    annotations: { a: 'b' },
  },
} as const

test('a name with an index leads to one of its images, and keeps the others from going', () => {
  const store = makeStore()
  const [one, two] = [write(store, amd64), write(store, arm)]
  const index: StoredIndex = {
    members: [
      { kind: 'image', imageId: one, platform: amd64 },
      { kind: 'image', imageId: two, platform: arm, name: 'app:arm', annotations: { key: 'value' } },
      remote,
    ],
    document: digestOf('index'),
    annotations: { of: 'the index' },
  }
  store.images.tagIndex('app:1', index, two, digestOf('pulled'))
  const named = { name: 'app:1', imageId: two, pulledDigest: digestOf('pulled'), index }
  expect(store.images.index('app:1')).toEqual(named)
  expect(store.images.references()).toEqual([named])
  expect(store.images.findImage('app:1')?.id).toBe(two)
  expect(namedImages(named)).toEqual([two, one])
  expect([store.images.remove(one), store.images.remove(two)]).toEqual([false, false])
  store.images.tag('app:1', one)
  expect(store.images.index('app:1')).toBeUndefined()
  expect([store.images.remove(one), store.images.remove(two)]).toEqual([false, true])
})

test('a list without an image of the store is no reference, and its name leads to none', () => {
  const store = makeStore()
  store.images.tagIndex('list:1', { members: [remote] }, undefined)
  store.images.tagIndex('empty:1', { members: [] }, undefined)
  expect(store.images.references()).toEqual([])
  expect(store.images.indexes().map(({ name }) => name)).toEqual(['empty:1', 'list:1'])
  expect(store.images.findImage('list:1')).toBeUndefined()
  expect(store.images.untag('list:1')).toBe(true)
  expect(store.images.indexes().map(({ name }) => name)).toEqual(['empty:1'])
})

test('a broken index leaves the image of the name', () => {
  const store = makeStore()
  const id = write(store, amd64)
  store.images.tagIndex('app:1', { members: [{ kind: 'image', imageId: id, platform: amd64 }] }, id)
  const [file = ''] = readdirSync(join(store.root, 'refs'))
  for (const broken of [{}, { members: [{ kind: 'image' }] }, { members: 'x' }, 7]) {
    writeFileSync(join(store.root, 'refs', file), JSON.stringify({ name: 'app:1', imageId: id, index: broken }))
    expect(store.images.references()).toEqual([{ name: 'app:1', imageId: id }])
  }
})
