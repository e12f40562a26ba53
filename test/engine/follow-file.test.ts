import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { followFile } from '../../src/engine/follow-file.ts'
import { temporaryDirectory } from '../support/temporary.ts'

test('a reader gets what is written while it reads, though the file is renamed, and learns of the end', async () => {
  const path = join(temporaryDirectory(), 'growing')
  writeFileSync(path, '')
  const file = followFile(path)
  const reading = file.bytes()
  const next = async (): Promise<string> => Buffer.from((await reading.next()).value ?? []).toString()
  const first = next()
  appendFileSync(path, 'abc')
  file.grown(3)
  expect(await first).toBe('abc')
  const second = next()
  appendFileSync(path, 'de')
  renameSync(path, `${path}-done`)
  file.grown(2)
  file.end()
  expect(await second).toBe('de')
  expect((await reading.next()).done).toBe(true)
})

test('a reader gets the error of the writer', async () => {
  const path = join(temporaryDirectory(), 'broken')
  writeFileSync(path, 'half')
  const file = followFile(path)
  const reading = file.bytes().next()
  file.end(new Error('disk full'))
  await expect(reading).rejects.toThrow('disk full')
})
