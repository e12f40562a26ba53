import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestHex, digestOf } from '../../src/base/index.ts'
import { encodeConfig } from '../../src/oci/index.ts'
import type { Layer } from '../../src/ports/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { openSession } from '../../src/store/session.ts'
import { paperLayer } from '../support/layers.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const layer = paperLayer('a')

function makeStore(): Store {
  return openStore(join(temporaryDirectory(), 'store'))
}

function adopt(store: Store, text: string, wanted: Layer = layer): Layer {
  const directory = join(store.root, 'work', text)
  mkdirSync(join(directory, 'fs'), { recursive: true })
  writeFileSync(join(directory, 'fs/file'), text)
  return store.layers.adopt({ ...wanted, directory })
}

/** As if the machine had started anew since: notes name another boot then. */
function cutPower(store: Store): Store {
  const pending = join(store.root, 'pending')
  for (const name of readdirSync(pending)) writeFileSync(join(pending, name), 'the boot before')
  return openStore(store.root)
}

async function settled(store: Store): Promise<void> {
  await openSession(store.root, Date.now(), () => {}).close()
}

test('a layer that was seen to reach the disk outlives a power cut', async () => {
  const store = makeStore()
  adopt(store, 'first')
  await settled(store)
  expect(readdirSync(join(store.root, 'pending'))).toEqual([])
  expect(cutPower(store).layers.layer(layer.diffId)).toEqual(layer)
})

test('a layer of a killed process is as good as any while the machine runs, and the next session sees to it', async () => {
  const store = makeStore()
  adopt(store, 'first')
  const next = openStore(store.root)
  expect(next.layers.layer(layer.diffId)).toEqual(layer)
  await settled(next)
  expect(cutPower(next).layers.layer(layer.diffId)).toEqual(layer)
})

test('a layer that may be damaged counts as missing, and the one made again takes its place', async () => {
  const store = makeStore()
  adopt(store, 'damaged')
  const after = cutPower(store)
  expect(after.layers.layer(layer.diffId)).toBeUndefined()
  expect(after.layers.layerByContent(layer.contentDigest)).toBeUndefined()
  await settled(after)
  expect(after.layers.layer(layer.diffId)).toBeUndefined()
  const again = { ...layer, created: '2027-01-01T00:00:00Z' }
  expect(adopt(after, 'whole', again)).toEqual(again)
  expect(readFileSync(join(after.layers.treePath(layer.diffId), 'file'), 'utf8')).toBe('whole')
  await settled(after)
  expect(cutPower(after).layers.layer(layer.diffId)).toEqual(again)
  expect(readdirSync(join(store.root, 'work'))).toEqual([])
})

test('content leads to the layer made again, even when its diffId is another', () => {
  const store = makeStore()
  adopt(store, 'damaged')
  const after = cutPower(store)
  const again = { ...paperLayer('b'), contentDigest: layer.contentDigest }
  adopt(after, 'whole', again)
  expect(openStore(store.root).layers.layerByContent(layer.contentDigest)).toEqual(again)
})

test('a file that was cut short counts as missing and is written anew', () => {
  const store = makeStore()
  adopt(store, 'first')
  const configBytes = encodeConfig({
    platform: { os: 'linux', architecture: 'amd64' },
    config: {},
    diffIds: [layer.diffId],
    history: [],
  })
  const id = digestOf(configBytes)
  store.images.writeImage({ id, configBytes })
  for (const size of [0, configBytes.length - 1]) {
    truncateSync(store.blobs.path(id), size)
    expect(store.images.image(id)).toBeUndefined()
    store.images.writeImage({ id, configBytes })
    expect(store.images.image(id)?.id).toBe(id)
  }
  const directory = join(store.layers.directory, digestHex(layer.diffId).slice(0, 24))
  truncateSync(join(directory, 'layer.json'), 10)
  const after = openStore(store.root)
  expect(after.images.image(id)).toBeUndefined()
  adopt(after, 'second')
  expect(after.images.image(id)?.id).toBe(id)
})
