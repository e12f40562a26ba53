import { createHash } from 'node:crypto'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { digestLayer, type LayerDigester, layerDigester, layerTar } from '../../src/layer/index.ts'
import { collect, temporaryFolder, toolError } from './archive-builder.ts'

const overlay = 'trusted'
const { signal } = new AbortController()
const thread = join(import.meta.dirname, '../../src/layer/digest-thread.ts')
const open: LayerDigester[] = []

function digester(file = thread, threads = 2): LayerDigester {
  const made = layerDigester(file, threads)
  open.push(made)
  return made
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/** A layer of many files and some that are larger than the ring has places for. */
function largeLayer(seed: number): string {
  const folder = temporaryFolder()
  for (let at = 0; at < 300; at++) {
    mkdirSync(join(folder, `d${at % 7}`), { recursive: true })
    writeFileSync(join(folder, `d${at % 7}/f${at}`), Buffer.alloc(((at * seed * 977) % 9000) + 1, at))
  }
  writeFileSync(join(folder, 'large'), Buffer.alloc(12 * 1024 * 1024 + seed, seed))
  return folder
}

test('a layer digested in a thread has the digests it has without, layer after layer', async () => {
  const one = digester()
  const folders = [1, 2, 3, 4, 5].map(largeLayer)
  const found = await Promise.all(folders.map((folder) => one.digest(folder, overlay, signal)))
  expect(found).toEqual(folders.map((folder) => digestLayer(folder, { overlay })))
  const [first, folder = ''] = [found[0], ...folders]
  const tar = createHash('sha256')
    .update(collect(layerTar(folder, { overlay })))
    .digest('hex')
  expect(first?.diffId).toBe(`sha256:${tar}`)
})

test('a small layer needs no thread', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'file'), 'text')
  expect(await digester('/nonexistent').digest(folder, overlay, signal)).toEqual(digestLayer(folder, { overlay }))
})

test('without a thread that works, large ones are digested all the same', async () => {
  const folder = largeLayer(6)
  const one = digester('/nonexistent')
  one.warmUp()
  expect(await one.digest(folder, overlay, signal)).toEqual(digestLayer(folder, { overlay }))
  expect(await one.digest(folder, overlay, signal)).toEqual(digestLayer(folder, { overlay }))
})

test('what cannot be in a layer is told as it is without a thread, and the next layer is digested well', async () => {
  const bad = largeLayer(7)
  writeFileSync(join(bad, 'm.wh.'), '')
  writeFileSync(join(bad, 'x'), '')
  mkdirSync(join(bad, 'z'))
  writeFileSync(join(bad, 'z/.wh.name'), '')
  const one = digester(thread, 1)
  expect(await toolError(() => one.digest(bad, overlay, signal))).toMatchObject({ code: 'archive-invalid' })
  const good = largeLayer(8)
  expect(await one.digest(good, overlay, signal)).toEqual(digestLayer(good, { overlay }))
})

test('digesting stops when it is not wanted any more', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'vast'), '')
  truncateSync(join(folder, 'vast'), 64 * 1024 ** 3)
  const stop = new AbortController()
  const one = digester(thread, 1)
  const running = one.digest(folder, overlay, stop.signal)
  setImmediate(() => stop.abort(new Error('enough')))
  await expect(running).rejects.toThrow('enough')
  const good = largeLayer(9)
  expect(await one.digest(good, overlay, signal)).toEqual(digestLayer(good, { overlay }))
})
