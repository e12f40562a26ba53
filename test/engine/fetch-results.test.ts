import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  digestOf,
  parseContentDigest,
  parseDiffId,
  parseStepKey,
  type StepKey,
  ToolError,
} from '../../src/base/index.ts'
import { ResultFetcher, type ResultSettings } from '../../src/engine/fetch-results.ts'
import { SeenEntries } from '../../src/engine/seen-entries.ts'
import { unpackLayers } from '../../src/engine/unpack-layers.ts'
import { digestTar, layerTar } from '../../src/layer/index.ts'
import { mediaTypes } from '../../src/oci/index.ts'
import type { Step } from '../../src/plan/index.ts'
import type { CachePlace } from '../../src/ports/index.ts'
import { encodeSelectionResult, encodeStepResult, GuardedPlace, type StepResult } from '../../src/remote-cache/index.ts'
import { openStore } from '../../src/store/index.ts'
import { openSession } from '../../src/store/session.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const key = parseStepKey(digestOf('key'))
const components = { kind: 'run', args: ['make'] }
const origin = { file: 'Dockerfile', span: { start: 0, end: 1 }, startLine: 1, endLine: 1, text: 'RUN make' }
const step: Step = {
  index: 0,
  stage: 0,
  label: '[1/1] RUN make',
  operation: { kind: 'workdir', origin, path: '/', user: '', createdBy: '' },
  parent: { kind: 'scratch' },
  mounts: [],
}

/** A cache in memory, whatever is in it. */
interface MemoryPlace extends CachePlace {
  readonly entries: Map<string, Uint8Array>
  readonly blobs: Map<string, Uint8Array>
  readonly asked: string[]
}

function memoryPlace(name = 'memory'): MemoryPlace {
  const entries = new Map<string, Uint8Array>()
  const blobs = new Map<string, Uint8Array>()
  const asked: string[] = []
  return {
    name,
    entries,
    blobs,
    asked,
    async readEntry(entry) {
      asked.push('entry')
      return entries.get(entry)
    },
    writeEntry: async (entry, bytes) => void entries.set(entry, bytes),
    async *readBlob({ digest }) {
      asked.push('blob')
      const bytes = blobs.get(digest)
      if (bytes === undefined) throw new ToolError('registry-not-found', `no blob ${digest}`)
      for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100)
    },
    writeBlob: () => Promise.reject(new Error('nothing is sent here')),
    close: async () => undefined,
  }
}

/** The result of a step that wrote one file, and the blob of its layer. */
async function sampleResult(text: string): Promise<{ readonly result: StepResult; readonly blob: Uint8Array }> {
  const folder = temporaryDirectory()
  writeFileSync(join(folder, 'made'), text)
  const blob = gzipSync(Buffer.concat([...layerTar(folder, { overlay: 'trusted' })].map((chunk) => Buffer.from(chunk))))
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield blob
  }
  const { hasDevices: _, ...digests } = await digestTar(bytes())
  const created = '2026-01-01T00:00:00.000Z'
  const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(blob), size: blob.length }
  return { result: { key, durationMs: 5, created, layer: { ...digests, created, blob: descriptor } }, blob }
}

function put(place: MemoryPlace, result: StepResult, blob: Uint8Array, under = result.layer.blob.digest): void {
  const { name, document } = encodeStepResult(result)
  place.entries.set(name, document)
  place.blobs.set(under, blob)
}

function openFetcher(...places: readonly MemoryPlace[]) {
  const store = openStore(temporaryDirectory())
  const session = openSession(store.root, Date.now(), () => {})
  const warnings: string[] = []
  const patience = { answerMs: 5000, stallMs: 5000, stallBytes: 1 }
  const guards = places.map((place) => new GuardedPlace(place, patience, ({ message }) => warnings.push(message)))
  const settings: ResultSettings = {
    store,
    session,
    overlay: 'trusted',
    signal: new AbortController().signal,
    seen: new SeenEntries(),
    emit: () => undefined,
    nowMs: () => Date.now(),
  }
  const fetcher = new ResultFetcher(settings, guards)
  const fetch = (wanted: StepKey = key): Promise<boolean> => fetcher.fetchStep(step, wanted, components)
  return { store, session, warnings, fetcher, fetch, settings }
}

test('a sound result comes packed, is unpacked when it is needed, and is not fetched twice', async () => {
  const { result, blob } = await sampleResult('content')
  const place = memoryPlace()
  put(place, result, blob)
  const { store, session, fetch, settings, warnings } = openFetcher(place)
  expect(await Promise.all([fetch(), fetch()])).toEqual([true, true])
  expect(place.asked).toEqual(['entry', 'blob'])
  const { diffId, contentDigest } = result.layer
  expect(store.records.readRecord(key)).toMatchObject({ key, components, text: 'RUN make', diffId, contentDigest })
  expect(store.layers.layerByContent(contentDigest)).toMatchObject({ packed: true, created: result.layer.created })
  expect(store.layers.isPacked(diffId)).toBe(true)
  expect(existsSync(store.layers.treePath(diffId))).toBe(false)
  await Promise.all([1, 2].map(() => unpackLayers(settings, [{ diffId }])))
  expect(store.layers.isPacked(diffId)).toBe(false)
  expect(readFileSync(join(store.layers.treePath(diffId), 'made'), 'utf8')).toBe('content')
  expect(warnings).toEqual([])
  await session.close()
})

test('a layer that the store has is not fetched, and one that a step makes brings its files along', async () => {
  const { result, blob } = await sampleResult('content')
  const place = memoryPlace()
  put(place, result, blob)
  const { store, session, fetch } = openFetcher(place)
  await fetch()
  const made = session.makeDirectory('made')
  mkdirSync(join(made, 'fs'))
  writeFileSync(join(made, 'fs/made'), 'content')
  store.layers.adopt({ ...result.layer, directory: made })
  expect(store.layers.isPacked(result.layer.diffId)).toBe(false)
  store.records.remove(key)
  expect(await fetch()).toBe(true)
  expect(place.asked).toEqual(['entry', 'blob', 'entry'])
  await session.close()
})

test('of several places the first that has a sound one is taken; an empty one and a broken one do no harm', async () => {
  const { result, blob } = await sampleResult('content')
  const [empty, broken, good] = [memoryPlace('empty'), memoryPlace('broken'), memoryPlace('good')]
  put(broken, result, Buffer.from('something else'))
  put(good, result, blob)
  const { session, fetch, fetcher, store } = openFetcher(empty, broken, good)
  expect(await fetch()).toBe(true)
  const selection = { key: parseStepKey(digestOf('selection')), contentDigest: result.layer.contentDigest }
  expect(await fetcher.fetchSelection(selection.key)).toBe(false)
  good.entries.set(encodeSelectionResult(selection).name, encodeSelectionResult(selection).document)
  expect(await fetcher.fetchSelection(selection.key)).toBe(true)
  expect(store.records.readSelection(selection.key)).toEqual(selection)
  await session.close()
})

describe('a poisoned result is a warning and a miss, and nothing of it stays', () => {
  const diffId = parseDiffId(digestOf('diff'))
  const contentDigest = parseContentDigest(digestOf('content'))
  test.each<readonly [string, RegExp, (place: MemoryPlace, result: StepResult, blob: Uint8Array) => void]>([
    [
      'another key',
      /of the key/,
      (place, result, blob) => {
        const { document } = encodeStepResult({ ...result, key: parseStepKey(digestOf('other')) })
        put(place, result, blob)
        place.entries.set(encodeStepResult(result).name, document)
      },
    ],
    [
      'no document',
      /manifest/,
      (place, result) => place.entries.set(encodeStepResult(result).name, Buffer.from('{"x')),
    ],
    [
      'an image',
      /is a "application/,
      (place, result) => {
        const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('c'), size: 1 }
        const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [result.layer.blob] }
        place.entries.set(encodeStepResult(result).name, Buffer.from(JSON.stringify(image)))
      },
    ],
    [
      'a large document',
      /more than/,
      (place, result) => place.entries.set(encodeStepResult(result).name, Buffer.alloc(1 << 20, ' ')),
    ],
    [
      'another diffId',
      /diffId is/,
      (place, result, blob) => put(place, { ...result, layer: { ...result.layer, diffId } }, blob),
    ],
    [
      'another content digest',
      /contentDigest is/,
      (place, result, blob) => put(place, { ...result, layer: { ...result.layer, contentDigest } }, blob),
    ],
    [
      'another size',
      /sizeBytes is/,
      (place, result, blob) => put(place, { ...result, layer: { ...result.layer, sizeBytes: 1 } }, blob),
    ],
    [
      'a blob with other bytes',
      /./,
      (place, result, blob) => put(place, result, Buffer.from(blob).fill(0, blob.length - 20)),
    ],
    [
      'a longer blob',
      /the size of/,
      (place, result, blob) => put(place, result, Buffer.concat([blob, Buffer.alloc(500)])),
    ],
    ['a shorter blob', /./, (place, result, blob) => put(place, result, blob.subarray(0, blob.length - 30))],
    [
      'a blob of another digest',
      /has digest/,
      (place, result, blob) => {
        const digest = digestOf('other blob')
        put(place, { ...result, layer: { ...result.layer, blob: { ...result.layer.blob, digest } } }, blob)
      },
    ],
    ['no blob', /no blob/, (place, result) => put(place, result, Buffer.alloc(0), digestOf('elsewhere'))],
  ])('%s', async (_, warning, poison) => {
    const { result, blob } = await sampleResult('content')
    const place = memoryPlace()
    poison(place, result, blob)
    const { store, session, fetch, warnings } = openFetcher(place)
    expect(await fetch()).toBe(false)
    expect(warnings).toEqual([expect.stringMatching(warning)])
    expect(store.records.readRecord(key)).toBeUndefined()
    expect(store.layers.layer(result.layer.diffId)).toBeUndefined()
    expect(store.layers.layerByContent(result.layer.contentDigest)).toBeUndefined()
    expect(store.blobs.has(result.layer.blob.digest)).toBe(false)
    await session.close()
  })

  test('an archive that no step makes', async () => {
    const { result } = await sampleResult('content')
    const place = memoryPlace()
    const blob = gzipSync(Buffer.alloc(1024, 'x'))
    const descriptor = { ...result.layer.blob, digest: digestOf(blob), size: blob.length }
    put(place, { ...result, layer: { ...result.layer, blob: descriptor } }, blob)
    const { session, fetch, warnings } = openFetcher(place)
    expect(await fetch()).toBe(false)
    expect(warnings).toHaveLength(1)
    await session.close()
  })

  test('a layer that is here under the same name with other content', async () => {
    const { result, blob } = await sampleResult('content')
    const place = memoryPlace()
    put(place, result, blob)
    const { session, fetch, warnings, store } = openFetcher(place)
    await fetch()
    store.records.remove(key)
    put(place, { ...result, layer: { ...result.layer, contentDigest } }, blob)
    expect(await fetch()).toBe(false)
    expect(warnings).toEqual([expect.stringContaining('is not what its cache entry says')])
    await session.close()
  })
})
