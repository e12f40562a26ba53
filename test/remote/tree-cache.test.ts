import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fetchedThings, removeFetched, treeCache } from '../../src/remote/tree-cache.ts'
import { temporaryDirectory } from '../support/temporary.ts'

test('a fetched tree stays while a process that found it lives', async () => {
  const root = temporaryDirectory()
  const holder = spawn('cat')
  onTestFinished(() => void holder.kill())
  const cache = treeCache(root, () => Date.now(), holder.pid ?? 0)
  await cache.keep('one', async (directory) => writeFileSync(join(directory, 'file'), 'x'))
  expect(cache.find('one')).toBeDefined()
  const remove = (): readonly boolean[] => fetchedThings(root).map((found) => removeFetched(root, found))
  expect(remove()).toEqual([false])
  holder.kill()
  await new Promise((done) => holder.once('exit', done))
  expect(remove()).toEqual([true])
  expect(cache.find('one')).toBeUndefined()
  expect(existsSync(join(root, 'trees/one'))).toBe(false)
})

test('what came on standard input, repositories and what a killed command left are listed too', () => {
  const root = temporaryDirectory()
  for (const folder of ['git/a.git', 'stdin', 'tmp']) mkdirSync(join(root, folder), { recursive: true })
  for (const file of ['git/a.git.lock', 'stdin/b', 'tmp/c']) writeFileSync(join(root, file), '')
  const found = fetchedThings(root)
  expect(found.map(({ kind }) => kind)).toEqual(['input', 'repository', 'temporary'])
  expect(found.map((one) => removeFetched(root, one))).toEqual([true, true, true])
  expect(fetchedThings(root)).toEqual([])
})
