import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  type CacheMountHolder,
  type CacheMountLease,
  type CacheMountRequest,
  cacheMounts,
  leaseCacheMount as lease,
  removeCacheMount,
} from '../../src/store/cache-mounts.ts'
import { openStore } from '../../src/store/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const owner = { mode: 0o755, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const empty = async (): Promise<void> => undefined
const never = new AbortController().signal

/** Without a word about waiting. */
function leaseCacheMount(
  root: string,
  wanted: CacheMountRequest,
  fill: CacheMountHolder['fill'],
  signal: AbortSignal,
): Promise<CacheMountLease> {
  return lease(root, wanted, { fill, onWait: () => undefined }, signal)
}

function request(id: string, sharing: CacheMountRequest['sharing'] = 'shared'): CacheMountRequest {
  return { id, sharing, ...owner }
}

function storeRoot(): string {
  return openStore(join(temporaryDirectory(), 'store')).root
}

test('a shared cache has several holders, and is there again later', async () => {
  const root = storeRoot()
  const [one, two] = await Promise.all([1, 2].map(() => leaseCacheMount(root, request('x'), empty, never)))
  expect(one?.directory).toBe(two?.directory)
  writeFileSync(join(one?.directory ?? '', 'f'), 'kept')
  for (const lease of [one, two]) lease?.release()
  const again = await leaseCacheMount(root, request('x', 'private'), empty, never)
  expect(readFileSync(join(again.directory, 'f'), 'utf8')).toBe('kept')
  again.release()
})

test('a private cache that is in use is another one', async () => {
  const root = storeRoot()
  const one = await leaseCacheMount(root, request('x', 'private'), empty, never)
  const two = await leaseCacheMount(root, request('x', 'private'), empty, never)
  const shared = await leaseCacheMount(root, request('x'), empty, never)
  expect(new Set([one, two, shared].map(({ directory }) => directory)).size).toBe(3)
  one.release()
  const three = await leaseCacheMount(root, request('x', 'private'), empty, never)
  expect(three.directory).toBe(one.directory)
  for (const lease of [two, shared, three]) lease.release()
})

test('a locked cache is waited for, and the wait can be ended', async () => {
  const root = storeRoot()
  const first = await leaseCacheMount(root, request('x', 'locked'), empty, never)
  let isTaken = false
  const second = leaseCacheMount(root, request('x', 'locked'), empty, never).then((lease) => {
    isTaken = true
    return lease
  })
  const abort = new AbortController()
  let waits = 0
  const counting = {
    fill: empty,
    onWait() {
      waits += 1
    },
  }
  const third = lease(root, request('x', 'locked'), counting, abort.signal)
  abort.abort(new Error('enough'))
  await expect(third).rejects.toThrow('enough')
  expect(isTaken).toBe(false)
  expect(waits).toBe(1)
  first.release()
  const { directory, release } = await second
  expect(directory).toBe(first.directory)
  release()
})

test('the first content is made once, whole, with owner and mode', async () => {
  const root = storeRoot()
  let fills = 0
  const fill = async (directory: string): Promise<void> => {
    fills += 1
    writeFileSync(join(directory, 'a'), 'a')
    await new Promise((resolve) => setImmediate(resolve))
    writeFileSync(join(directory, 'b'), 'b')
  }
  const failing = leaseCacheMount(root, request('x'), () => Promise.reject(new Error('no')), never)
  await expect(failing).rejects.toThrow('no')
  const wanted = { ...request('x'), mode: 0o1770, initialContent: 'sha256:1' }
  const leases = await Promise.all([1, 2, 3].map(() => leaseCacheMount(root, wanted, fill, never)))
  for (const { directory, release } of leases) {
    expect(readdirSync(directory).sort()).toEqual(['a', 'b'])
    expect(statSync(directory).mode & 0o7777).toBe(0o1770)
    release()
  }
  expect(fills).toBe(1)
})

test('ids are text, never paths', async () => {
  const root = storeRoot()
  const ids = ['../../x', '/', '', 'a/b', 'a\0b', 'x'.repeat(10_000)]
  const leases = await Promise.all(ids.map((id) => leaseCacheMount(root, request(id), empty, never)))
  expect(new Set(leases.map(({ directory }) => directory)).size).toBe(ids.length)
  for (const { directory, release } of leases) {
    expect(directory).toMatch(/\/store\/cache\/mounts\/[0-9a-f]{32}\/0\/fs$/)
    release()
  }
})

test('a cache directory is removed unless somebody has it, and begins anew', async () => {
  const root = storeRoot()
  const held = await leaseCacheMount(root, request('held'), empty, never)
  const left = await leaseCacheMount(root, request('left'), empty, never)
  writeFileSync(join(left.directory, 'f'), '')
  left.release()
  const removed = cacheMounts(root).map((mount) => [mount.id, removeCacheMount(root, mount)])
  expect(removed.sort()).toEqual([
    ['held', false],
    ['left', true],
  ])
  expect(cacheMounts(root).map(({ id }) => id)).toEqual(['held'])
  held.release()
  const again = await leaseCacheMount(root, request('left'), empty, never)
  expect(readdirSync(again.directory)).toEqual([])
  again.release()
})
