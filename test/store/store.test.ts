import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestOf, parseStepKey } from '../../src/base/index.ts'
import { encodeConfig } from '../../src/oci/index.ts'
import type { StepRecord } from '../../src/ports/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { openSession } from '../../src/store/session.ts'
import { paperLayer } from '../support/layers.ts'
import { temporaryDirectory } from '../support/temporary.ts'

function makeStore(): Store {
  return openStore(join(temporaryDirectory(), 'store'))
}

function prepared(store: Store, name: string): string {
  const directory = join(store.root, 'work', name)
  mkdirSync(join(directory, 'fs'), { recursive: true })
  writeFileSync(join(directory, 'fs', name), name)
  return directory
}

const record = (key: string): StepRecord => ({
  key: parseStepKey(digestOf(key)),
  components: { kind: 'run', args: ['x'] },
  text: 'RUN x',
  diffId: paperLayer('a').diffId,
  contentDigest: paperLayer('a').contentDigest,
  durationMs: 5,
  created: '2026-01-01T00:00:00Z',
  hasLog: true,
})

test('records come back as written, with their log', () => {
  const store = makeStore()
  store.records.writeRecord(record('k'), Buffer.from('log'))
  expect(store.records.readRecord(record('k').key)).toEqual(record('k'))
  expect(Buffer.from(store.records.readLog(record('k').key) ?? []).toString()).toBe('log')
  expect(store.records.readRecord(record('other').key)).toBeUndefined()
})

test('a broken or misplaced record counts as missing', () => {
  const store = makeStore()
  store.records.writeRecord(record('k'), undefined)
  const [shard = ''] = readdirSync(join(store.root, 'records'))
  const [file = ''] = readdirSync(join(store.root, 'records', shard))
  const path = join(store.root, 'records', shard, file)
  const whole = readFileSync(path, 'utf8')
  for (const broken of ['', '{', whole.slice(0, -9), 'null', '[]', whole.replace('"RUN x"', '7')]) {
    writeFileSync(path, broken)
    expect(store.records.readRecord(record('k').key)).toBeUndefined()
  }
  writeFileSync(path, JSON.stringify(record('other')))
  expect(store.records.readRecord(record('k').key)).toBeUndefined()
})

test('a layer is moved in whole and found by diffId and content', () => {
  const store = makeStore()
  const layer = paperLayer('a')
  const directory = prepared(store, 'made')
  expect(store.layers.adopt({ ...layer, directory })).toEqual(layer)
  expect(existsSync(directory)).toBe(false)
  expect(readFileSync(join(store.layers.treePath(layer.diffId), 'made'), 'utf8')).toBe('made')
  const again = openStore(store.root)
  expect(again.layers.layer(layer.diffId)).toEqual(layer)
  expect(again.layers.layerByContent(layer.contentDigest)).toEqual(layer)
  expect(again.layers.layer(paperLayer('b').diffId)).toBeUndefined()
})

test('the first of two equal layers stays', () => {
  const store = makeStore()
  const layer = paperLayer('a')
  store.layers.adopt({ ...layer, directory: prepared(store, 'first') })
  const second = { ...layer, created: '2026-02-02T00:00:00Z', directory: prepared(store, 'second') }
  expect(store.layers.adopt(second)).toEqual(layer)
  expect(readdirSync(store.layers.treePath(layer.diffId))).toEqual(['first'])
  expect(existsSync(second.directory)).toBe(false)
})

test('a packed layer is there without a tree, until one is moved in', () => {
  const store = makeStore()
  const layer = paperLayer('a')
  const blob = { mediaType: 'x/y', digest: digestOf('blob'), size: 4 }
  const directory = join(store.root, 'work', 'packed')
  mkdirSync(directory)
  const adopted = store.layers.adopt({ ...layer, blob, packed: true, directory })
  expect(adopted).toEqual({ ...layer, blob, packed: true })
  expect([store.layers.isPresent(layer.diffId), store.layers.isPacked(layer.diffId)]).toEqual([true, true])
  expect(openStore(store.root).layers.layerByContent(layer.contentDigest)).toEqual(adopted)
  store.layers.adoptTree(layer.diffId, prepared(store, 'first'))
  store.layers.adoptTree(layer.diffId, prepared(store, 'second'))
  expect(store.layers.isPacked(layer.diffId)).toBe(false)
  expect(readdirSync(store.layers.treePath(layer.diffId))).toEqual(['first'])
  // Whoever makes a layer that is there packed leaves its tree.
  const other = paperLayer('b')
  mkdirSync(directory)
  store.layers.adopt({ ...other, blob, packed: true, directory })
  expect(store.layers.adopt({ ...other, directory: prepared(store, 'made') })).toMatchObject({ packed: true })
  expect(readdirSync(store.layers.treePath(other.diffId))).toEqual(['made'])
})

test('the content index leads to the layer made first', () => {
  const store = makeStore()
  const first = paperLayer('a')
  const second = { ...paperLayer('b'), contentDigest: first.contentDigest }
  store.layers.adopt({ ...first, directory: prepared(store, 'first') })
  store.layers.adopt({ ...second, directory: prepared(store, 'second') })
  expect(store.layers.layerByContent(first.contentDigest)?.diffId).toBe(first.diffId)
})

test('a blob is there only with the right bytes', () => {
  const store = makeStore()
  const digest = digestOf('hello')
  const wrong = store.blobs.open(digest)
  wrong.write(Buffer.from('hellO'))
  expect(() => wrong.commit()).toThrow(expect.objectContaining({ code: 'blob-mismatch' }))
  expect(store.blobs.has(digest)).toBe(false)
  const dropped = store.blobs.open(digest)
  dropped.write(Buffer.from('hel'))
  dropped.discard()
  const right = store.blobs.open(digest)
  right.write(Buffer.from('hel'))
  right.write(Buffer.from('lo'))
  right.commit()
  right.discard()
  expect(Buffer.from(store.blobs.read(digest) ?? []).toString()).toBe('hello')
  expect(readdirSync(join(store.root, 'tmp'))).toEqual([])
})

test('images are found by name, ID and prefix, and only with all their layers', () => {
  const store = makeStore()
  const layer = paperLayer('a')
  const config = {
    platform: { os: 'linux', architecture: 'amd64' },
    config: {},
    diffIds: [layer.diffId],
    history: [{ createdBy: 'x' }],
  }
  const configBytes = encodeConfig(config)
  const id = digestOf(configBytes)
  store.images.writeImage({ id, configBytes })
  store.images.tag('app:latest', id)
  expect(store.images.findImage('app:latest')).toBeUndefined()
  store.layers.adopt({ ...layer, directory: prepared(store, 'x') })
  expect(store.images.findImage('app:latest')).toMatchObject({ id, config, layers: [layer] })
  expect(store.images.findImage(id)?.id).toBe(id)
  expect(store.images.findImage(id.slice(7, 19))?.id).toBe(id)
  expect(store.images.findImage('other:latest')).toBeUndefined()
  expect(store.images.references()).toEqual([{ name: 'app:latest', imageId: id }])
})

test('an unreadable store says where it should be', () => {
  const file = join(temporaryDirectory(), 'file')
  writeFileSync(file, '')
  expect(() => openStore(join(file, 'store'))).toThrow(expect.objectContaining({ code: 'store-failed' }))
})

test('a store of another format is refused', () => {
  const store = makeStore()
  writeFileSync(join(store.root, 'version'), 'longshore store 99\n')
  expect(() => openStore(store.root)).toThrow(expect.objectContaining({ code: 'not-supported' }))
})

test('sessions of dead processes are swept, those of living ones are not', async () => {
  const store = makeStore()
  const script = `
    import { openSession } from ${JSON.stringify(join(import.meta.dirname, '../../src/store/session.ts'))}
    const session = openSession(${JSON.stringify(store.root)}, Date.now(), () => {})
    session.makeDirectory('step')
    console.log(session.directory)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const directory = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data: Buffer) => resolve(String(data).trim())),
  )
  const swept: string[] = []
  await openSession(store.root, Date.now(), (stale) => swept.push(stale)).close()
  expect(swept).toEqual([])
  expect(statSync(directory).isDirectory()).toBe(true)
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
  const session = openSession(store.root, Date.now(), (stale) => swept.push(stale))
  expect(swept).toEqual([directory])
  await session.close()
  expect(readdirSync(join(store.root, 'work'))).toEqual([])
})

test("a session that its owner removes while another sweeps is nobody's error", async () => {
  const store = makeStore()
  const abandoned = join(store.root, 'work', 'abandoned')
  mkdirSync(abandoned)
  writeFileSync(join(abandoned, 'lock'), '')
  // The owner was at its end: the lock is had, then the directory goes.
  const session = openSession(store.root, Date.now(), (stale) => rmSync(stale, { recursive: true }))
  await session.close()
  expect(readdirSync(join(store.root, 'work'))).toEqual([])
})

test('what a process killed at its end left of its session is removed', async () => {
  const store = makeStore()
  mkdirSync(join(store.root, 'work', '.gone-half', '1-step'), { recursive: true })
  await openSession(store.root, Date.now(), () => {}).close()
  expect(readdirSync(join(store.root, 'work'))).toEqual([])
})

test('the beginning of an ID has to be that of one image', () => {
  const store = makeStore()
  const seen = new Map<string, Uint8Array>()
  const platform = { os: 'linux', architecture: 'amd64' }
  const start = (bytes: Uint8Array) => digestOf(bytes).slice('sha256:'.length, 'sha256:'.length + 4)
  for (let index = 0; ; index++) {
    const labels = { index: String(index) }
    const configBytes = encodeConfig({ platform, config: { labels }, diffIds: [], history: [] })
    const other = seen.get(start(configBytes))
    seen.set(start(configBytes), configBytes)
    if (other === undefined) continue
    for (const bytes of [other, configBytes]) store.images.writeImage({ id: digestOf(bytes), configBytes: bytes })
    expect(() => store.images.findImage(start(configBytes))).toThrow(
      expect.objectContaining({ code: 'image-not-found', message: expect.stringContaining('2 images') }),
    )
    expect(store.images.findImage(digestOf(other))?.id).toBe(digestOf(other))
    return
  }
})
