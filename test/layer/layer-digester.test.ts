import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { errnoCode } from '../../src/base/index.ts'
import { digestLayer, type LayerDigester, layerDigester, layerTar } from '../../src/layer/index.ts'
import { collect, temporaryFolder, toolError } from './archive-builder.ts'

const overlay = 'trusted'
const { signal } = new AbortController()
const program = join(import.meta.dirname, '../../src/layer/digest-process.ts')
const open: LayerDigester[] = []

function digester(file = program, processes = 2): LayerDigester {
  const made = layerDigester(file, process.pid, processes)
  open.push(made)
  return made
}

afterEach(() => {
  for (const one of open.splice(0)) one.close()
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

test('a layer digested in another process has the digests it has without, layer after layer', async () => {
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

test('a small layer needs no other process', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'file'), 'text')
  expect(await digester('/nonexistent').digest(folder, overlay, signal)).toEqual(digestLayer(folder, { overlay }))
})

test('without a process that works, large ones are digested all the same', async () => {
  const folder = largeLayer(6)
  const one = digester('/nonexistent')
  one.warmUp()
  expect(await one.digest(folder, overlay, signal)).toEqual(digestLayer(folder, { overlay }))
  expect(await one.digest(folder, overlay, signal)).toEqual(digestLayer(folder, { overlay }))
})

test('what cannot be in a layer is told as it is without another process, and the next layer is digested well', async () => {
  const bad = largeLayer(7)
  writeFileSync(join(bad, 'm.wh.'), '')
  writeFileSync(join(bad, 'x'), '')
  mkdirSync(join(bad, 'z'))
  writeFileSync(join(bad, 'z/.wh.name'), '')
  const one = digester(program, 1)
  expect(await toolError(() => one.digest(bad, overlay, signal))).toMatchObject({ code: 'archive-invalid' })
  const good = largeLayer(8)
  expect(await one.digest(good, overlay, signal)).toEqual(digestLayer(good, { overlay }))
})

test('digesting stops when it is not wanted any more', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'vast'), '')
  truncateSync(join(folder, 'vast'), 64 * 1024 ** 3)
  const stop = new AbortController()
  const one = digester(program, 1)
  const running = one.digest(folder, overlay, stop.signal)
  setImmediate(() => stop.abort(new Error('enough')))
  await expect(running).rejects.toThrow('enough')
  const good = largeLayer(9)
  expect(await one.digest(good, overlay, signal)).toEqual(digestLayer(good, { overlay }))
})

test('the process goes on while a large layer is digested', async () => {
  let [turns, isDone] = [0, false]
  const turn = (): void => {
    turns++
    if (!isDone) setImmediate(turn)
  }
  const one = digester()
  const digested = one.digest(largeLayer(10), overlay, signal).finally(() => (isDone = true))
  turn()
  await digested
  expect(turns).toBeGreaterThan(20)
})

test('a process that digests ends when the one that started it is killed', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'vast'), '')
  truncateSync(join(folder, 'vast'), 64 * 1024 ** 3)
  const layer = join(import.meta.dirname, '../../src/layer/index.ts')
  const script = `import { layerDigester } from '${layer}'
    layerDigester('${program}', process.pid, 1).digest('${folder}', 'trusted', new AbortController().signal)`
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script])
  const children = `/proc/${parent.pid}/task/${parent.pid}/children`
  const child = await vi.waitUntil(() => readFileSync(children, 'utf8').trim() || undefined, { timeout: 20_000 })
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  await vi.waitUntil(() => !isAlive(child), { timeout: 20_000 })
})

/** Whether there is such a process, and it is not only waited for. */
function isAlive(pid: string): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ESRCH') return false
    throw error
  }
}
