import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SeenEntries } from '../../src/engine/seen-entries.ts'
import { TravellingMounts } from '../../src/engine/travelling-mounts.ts'
import { GuardedPlace, openLocalPlace } from '../../src/remote-cache/index.ts'
import { leaseCacheMount } from '../../src/store/cache-mounts.ts'
import { openStore } from '../../src/store/index.ts'
import { openSession } from '../../src/store/session.ts'
import { temporaryDirectory } from '../support/temporary.ts'

// Whoever runs this is in no namespace here, and gives files to nobody else.
const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
const identity = { id: 'packages', mode: 0o755, uid, gid }
const { signal } = new AbortController()

/** A store with a cache mount, and a cache in a directory. */
function openMounts(cache: string) {
  const store = openStore(temporaryDirectory())
  const session = openSession(store.root, Date.now(), () => {})
  onTestFinished(() => session.close())
  const warnings: string[] = []
  const patience = { answerMs: 5000, stallMs: 5000, stallBytes: 1 }
  const guarded = new GuardedPlace(openLocalPlace(cache), patience, ({ message }) => warnings.push(message))
  const overlay = uid === 0 ? 'trusted' : 'user'
  const rest = { overlay, signal, seen: new SeenEntries(), emit: () => undefined, nowMs: Date.now } as const
  const mounts = new TravellingMounts({ store, session, ...rest }, [guarded], [guarded])
  const lease = (fill = (directory: string) => mounts.fill(identity, directory).then(() => undefined)) =>
    leaseCacheMount(store.root, { ...identity, sharing: 'shared' }, { fill, onWait: () => undefined }, signal)
  return { mounts, lease, warnings }
}

function bytesIn(directory: string): number {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return names.reduce((sum, name) => {
    const stats = statSync(join(directory, name))
    return stats.isFile() ? sum + stats.size : sum
  }, 0)
}

/** Packages of 1 MB that do not compress. */
function addPackages(directory: string, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    const folder = join(directory, `package-${String(index * 7919).padStart(7, '0')}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'content'), randomBytes(1024 * 1024))
    writeFileSync(join(folder, 'meta'), `${index}`)
    utimesSync(join(folder, 'content'), 1_600_000_000, 1_600_000_000)
  }
}

test('a directory travels; one package more sends under a tenth of 40; what is the same is not sent', async () => {
  const cache = temporaryDirectory()
  const here = openMounts(cache)
  const first = await here.lease()
  addPackages(first.directory, 0, 40)
  here.mounts.used(identity, first.directory)
  // Nobody sends what is in use.
  await here.mounts.send()
  expect(readdirSync(cache)).toEqual([])
  first.release()
  await here.mounts.send()
  const whole = bytesIn(cache)
  expect(whole).toBeGreaterThan(40 * 1024 * 1024)
  await here.mounts.send()
  expect(bytesIn(cache)).toBe(whole)
  addPackages(first.directory, 40, 41)
  await here.mounts.send()
  // The package itself, the pieces it lies in, and the list of pieces.
  expect(bytesIn(cache) - whole).toBeLessThan(whole / 10)

  const there = openMounts(cache)
  const second = await there.lease()
  expect(readdirSync(second.directory)).toHaveLength(41)
  for (const name of ['package-0000000', `package-0${40 * 7919}`]) {
    const [a, b] = [first, second].map(({ directory }) => join(directory, name, 'content'))
    expect(readFileSync(a ?? '').equals(readFileSync(b ?? ''))).toBe(true)
    expect(statSync(a ?? '').mtime).toEqual(statSync(b ?? '').mtime)
  }
  second.release()
  expect([...here.warnings, ...there.warnings]).toEqual([])
})

test('nothing, something damaged and something incomplete leave the directory empty; damage is told once', async () => {
  const cache = temporaryDirectory()
  const empty = openMounts(cache)
  expect(readdirSync((await empty.lease()).directory)).toEqual([])
  const here = openMounts(cache)
  const made = await here.lease()
  addPackages(made.directory, 0, 6)
  here.mounts.used(identity, made.directory)
  made.release()
  await here.mounts.send()
  const blobs = join(cache, 'blobs/sha256')
  const largest = readdirSync(blobs).toSorted(
    (a, b) => statSync(join(blobs, b)).size - statSync(join(blobs, a)).size,
  )[0]
  const path = join(blobs, largest ?? '')
  const bytes = readFileSync(path)
  for (const spoil of [
    () => writeFileSync(path, Buffer.from(bytes).fill(0, 500, 600)),
    () => writeFileSync(path, Buffer.concat([bytes, bytes])),
    () => rmSync(path),
  ]) {
    spoil()
    const there = openMounts(cache)
    const { directory } = await there.lease()
    expect(readdirSync(directory)).toEqual([])
    expect(there.warnings).toHaveLength(1)
  }
  expect([...empty.warnings, ...here.warnings]).toEqual([])
})
