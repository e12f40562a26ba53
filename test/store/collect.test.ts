import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Digest, digestOf, parseStepKey } from '../../src/base/index.ts'
import { encodeConfig } from '../../src/oci/index.ts'
import type { Layer } from '../../src/ports/index.ts'
import { type Collected, collectUnneeded } from '../../src/store/collect.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { openSession, type Session } from '../../src/store/session.ts'
import { paperLayer } from '../support/layers.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function makeStore(): Store {
  return openStore(join(temporaryDirectory(), 'store'))
}

function session(store: Store): Session {
  const opened = openSession(store.root, Date.now(), () => {})
  onTestFinished(() => opened.close())
  return opened
}

function keep(store: Store, name: string, more: Partial<Layer> = {}): Layer {
  const directory = join(store.root, 'work', `made-${name}`)
  mkdirSync(join(directory, 'fs'), { recursive: true })
  return store.layers.adopt({ ...paperLayer(name), ...more, directory })
}

function writeImage(store: Store, layers: readonly Layer[]): Digest {
  const configBytes = encodeConfig({
    platform: { os: 'linux', architecture: 'amd64' },
    config: {},
    diffIds: layers.map((layer) => layer.diffId),
    history: [],
  })
  const id = digestOf(configBytes)
  store.images.writeImage({ id, configBytes })
  return id
}

function writeRecord(store: Store, { diffId, contentDigest }: Layer): void {
  const rest = { components: {}, text: 'RUN x', durationMs: 1, created: '2026-01-01T00:00:00Z', hasLog: false }
  store.records.writeRecord({ key: parseStepKey(digestOf(diffId)), diffId, contentDigest, ...rest }, undefined)
}

/** As another command would do it, with a view of its own. */
function collected(store: Store, hook: (store: Store) => Store = (one) => one): Promise<Collected> {
  const other = openStore(store.root)
  return collectUnneeded(hook(other), session(other), Date.now())
}

function present(store: Store, ...layers: readonly Layer[]): readonly boolean[] {
  const fresh = openStore(store.root)
  return layers.map((layer) => fresh.layers.isPresent(layer.diffId) && fresh.layers.layer(layer.diffId) !== undefined)
}

test('layers of images, of step results and of running commands stay, others go', async () => {
  const store = makeStore()
  const [ofImage, ofRecord, inUse, unneeded] = ['image', 'record', 'use', 'none'].map((name) => keep(store, name))
  if (!ofImage || !ofRecord || !inUse || !unneeded) throw new Error('four layers')
  writeImage(store, [ofImage])
  writeRecord(store, ofRecord)
  const running = session(store)
  running.lease([store.layers.name(inUse.diffId)])
  expect((await collected(store)).layers).toEqual([unneeded])
  expect(present(store, ofImage, ofRecord, inUse, unneeded)).toEqual([true, true, true, false])
  expect(openStore(store.root).layers.layerByContent(unneeded.contentDigest)).toBeUndefined()
  await running.close()
  expect((await collected(store)).layers).toEqual([inUse])
})

test('a layer that is needed a moment later is put back', async () => {
  const store = makeStore()
  const [late, unneeded] = [keep(store, 'late'), keep(store, 'none')]
  let looks = 0
  // Between the two looks at what is needed, a build records a result.
  const racing = (other: Store): Store => ({
    ...other,
    records: {
      ...other.records,
      results() {
        looks += 1
        if (looks === 2) writeRecord(store, late)
        return other.records.results()
      },
    },
  })
  expect((await collected(store, racing)).layers).toEqual([unneeded])
  expect(looks).toBe(2)
  expect(present(store, late, unneeded)).toEqual([true, false])
})

test('layers that a power cut may have damaged go, whoever names them', async () => {
  const store = makeStore()
  const layer = keep(store, 'a')
  writeRecord(store, layer)
  writeFileSync(join(store.root, 'pending', store.layers.name(layer.diffId)), 'the boot before')
  await collected(store)
  expect(readdirSync(store.layers.directory)).toEqual([])
  expect(readdirSync(join(store.root, 'pending'))).toEqual([])
  expect(keep(store, 'a')).toEqual(layer)
})

test('blobs of removed layers go at once, others that nothing names when they are old', async () => {
  const store = makeStore()
  const blob = (text: string): { mediaType: string; digest: Digest; size: number } => ({
    mediaType: 'x',
    digest: store.blobs.writeBytes(Buffer.from(text)),
    size: text.length,
  })
  const [ofKept, ofGone, fresh, old] = ['kept', 'gone', 'fresh', 'old'].map(blob)
  if (!ofKept || !ofGone || !fresh || !old) throw new Error('four blobs')
  const kept = keep(store, 'kept', { blob: ofKept })
  keep(store, 'gone', { blob: ofGone })
  const id = writeImage(store, [kept])
  const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000)
  for (const digest of [ofKept.digest, old.digest, id]) utimesSync(store.blobs.path(digest), longAgo, longAgo)
  const { sizeBytes } = await collected(store)
  expect([ofKept.digest, ofGone.digest, fresh.digest, old.digest, id].map((digest) => store.blobs.has(digest))).toEqual(
    [true, false, true, false, true],
  )
  expect(sizeBytes).toBe(paperLayer('gone').sizeBytes + 'gone'.length + 'old'.length)
})

test('an image with a name is not removed, one without is', () => {
  const store = makeStore()
  const id = writeImage(store, [keep(store, 'a')])
  store.images.tag('app:1', id)
  expect(store.images.remove(id)).toBe(false)
  expect(store.images.image(id)?.id).toBe(id)
  expect(store.images.untag('app:1')).toBe(true)
  expect(store.images.untag('app:1')).toBe(false)
  expect(store.images.remove(id)).toBe(true)
  expect(store.images.image(id)).toBeUndefined()
  expect(existsSync(join(store.root, 'images', `${id.slice(7)}.json`))).toBe(false)
  expect(readdirSync(join(store.root, 'tmp'))).toEqual([])
})

test('two that remove at the same time do it one after the other', async () => {
  const store = makeStore()
  const layers = ['a', 'b', 'c', 'd'].map((name) => keep(store, name))
  const results = await Promise.all([collected(store), collected(store)])
  const gone = results.flatMap((result) => result.layers.map((layer) => layer.diffId)).sort()
  expect(gone).toEqual(layers.map((layer) => layer.diffId).sort())
})

test('the blob of a packed layer stays and goes with it', async () => {
  const store = makeStore()
  const packed = (name: string): Layer => {
    const blob = { mediaType: 'x/y', digest: store.blobs.writeBytes(Buffer.from(name)), size: name.length }
    const directory = join(store.root, 'work', `packed-${name}`)
    mkdirSync(directory)
    return store.layers.adopt({ ...paperLayer(name), blob, packed: true, directory })
  }
  const [kept, unneeded] = [packed('kept'), packed('unneeded')]
  writeRecord(store, kept)
  await collected(store)
  expect(present(store, kept, unneeded)).toEqual([true, false])
  expect([kept, unneeded].map(({ blob }) => blob !== undefined && store.blobs.has(blob.digest))).toEqual([true, false])
})
