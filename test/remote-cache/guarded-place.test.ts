import { expect, test } from 'vitest'
import { ToolError } from '../../src/base/index.ts'
import type { CachePlace } from '../../src/ports/index.ts'
import { GuardedPlace } from '../../src/remote-cache/index.ts'

const place: CachePlace = {
  name: 'test cache',
  readEntry: () => Promise.reject(new Error('not asked')),
  writeEntry: () => Promise.reject(new Error('not asked')),
  readBlob: () => {
    throw new Error('not asked')
  },
  writeBlob: () => Promise.reject(new Error('not asked')),
  close: async () => undefined,
}

function guardedPlace(answerMs = 10_000, stallMs = 10_000): { guarded: GuardedPlace; warnings: ToolError[] } {
  const warnings: ToolError[] = []
  const patience = { answerMs, stallMs, stallBytes: 1000 }
  return { guarded: new GuardedPlace(place, patience, (error) => warnings.push(error)), warnings }
}

const never = new AbortController().signal
const failing = (message: string) => () => Promise.reject(new ToolError('registry-failed', message))
/** Never settles, whatever the signal says. */
const deaf = (): Promise<never> => new Promise(() => undefined)

test('an answer is given on', async () => {
  const { guarded, warnings } = guardedPlace()
  expect(await guarded.ask(never, async () => 'yes')).toBe('yes')
  expect(await guarded.transfer(never, 1, async () => 'moved')).toBe('moved')
  expect(warnings).toEqual([])
})

test('failures are no answer, are told once, and the third is the last that is seen', async () => {
  const { guarded, warnings } = guardedPlace()
  for (const message of ['first', 'second', 'third']) {
    expect(guarded.isUsable).toBe(true)
    expect(await guarded.ask(never, failing(message))).toBeUndefined()
  }
  expect(guarded.isUsable).toBe(false)
  expect(await guarded.ask(never, async () => 'not asked')).toBeUndefined()
  expect(warnings.map(({ message }) => message)).toEqual(['first'])
})

test('a place that gives no answer is left alone after the second time, even if it heeds no signal', async () => {
  const { guarded, warnings } = guardedPlace(20)
  expect(await Promise.all([guarded.ask(never, deaf), guarded.ask(never, deaf)])).toEqual([undefined, undefined])
  expect(guarded.isUsable).toBe(false)
  expect(warnings).toHaveLength(1)
  expect(warnings[0]?.message).toContain('no answer within')
})

test('a transfer goes on as long as enough moves, and ends when less does', async () => {
  const { guarded, warnings } = guardedPlace(10_000, 40)
  const paced = (bytesEach: number, pieces: number) =>
    guarded.transfer(never, 1, async ({ signal, moved }) => {
      for (let piece = 1; piece <= pieces; piece++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        signal.throwIfAborted()
        moved(piece * bytesEach)
      }
      return 'all'
    })
  expect(await paced(2000, 30)).toBe('all')
  expect(await paced(1, 1000)).toBeUndefined()
  expect(warnings[0]?.message).toMatch(/moved \d+ bytes in/)
})

test('the end of the build is thrown, and so are our own mistakes', async () => {
  const { guarded, warnings } = guardedPlace()
  const abort = new AbortController()
  const asked = guarded.ask(abort.signal, deaf)
  abort.abort(new ToolError('canceled', 'interrupted'))
  await expect(asked).rejects.toMatchObject({ code: 'canceled' })
  await expect(guarded.ask(abort.signal, async () => 'x')).rejects.toMatchObject({ code: 'canceled' })
  await expect(guarded.ask(never, () => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug')
  expect(warnings).toEqual([])
})
