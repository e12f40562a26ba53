import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseEvictions } from '../../src/engine/choose-evictions.ts'

const day = 24 * 3600 * 1000
const nowMs = 100 * day
const entry = (id: string, sizeBytes: number, rebuildMs: number, idleDays: number) => ({
  id,
  sizeBytes,
  rebuildMs,
  uses: 1,
  buildsSince: idleDays,
  usedMs: nowMs - idleDays * day,
})
const ids = (chosen: ReturnType<typeof chooseEvictions>): readonly string[] => chosen.map((one) => one.entry.id)

const copied = entry('copied', 500_000_000, 400, 1)
const compiled = entry('compiled', 20_000_000, 300_000, 1)
const forgotten = entry('forgotten', 20_000_000, 300_000, 90)

describe('chooseEvictions', () => {
  test('a large layer that is made in a moment goes before a small one that takes minutes, an old one before a new one', () => {
    expect(ids(chooseEvictions([compiled, forgotten, copied], {}))).toEqual(['copied', 'forgotten', 'compiled'])
  })

  test('what many builds used stays before what one used', () => {
    const often = { ...forgotten, id: 'often', uses: 200 }
    expect(ids(chooseEvictions([often, compiled], { keepBytes: 20_000_000 }))).toEqual(['compiled'])
  })

  test('a size is kept to, and no more goes than must', () => {
    const all = [compiled, forgotten, copied]
    expect(ids(chooseEvictions(all, { keepBytes: 45_000_000 }))).toEqual(['copied'])
    expect(ids(chooseEvictions(all, { keepBytes: 20_000_000 }))).toEqual(['copied', 'forgotten'])
    expect(chooseEvictions(all, { keepBytes: 540_000_000 })).toEqual([])
  })

  test('what was used since a time stays, whatever the size', () => {
    const limits = { untilMs: nowMs - 10 * day }
    expect(ids(chooseEvictions([compiled, forgotten, copied], limits))).toEqual(['forgotten'])
    expect(ids(chooseEvictions([compiled, forgotten, copied], { ...limits, keepBytes: 0 }))).toEqual(['forgotten'])
  })

  test('what stays is within the size, and what is there', () => {
    const any = fc.record({ size: fc.nat(1000), rebuild: fc.nat(1000), idle: fc.nat(50) })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 30 }), fc.nat(5000), (list, keepBytes) => {
        const entries = list.map(({ size, rebuild, idle }, index) => entry(String(index), size, rebuild, idle))
        const gone = new Set(ids(chooseEvictions(entries, { keepBytes })))
        const left = entries.filter(({ id }) => !gone.has(id)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
        expect(left).toBeLessThanOrEqual(keepBytes)
      }),
    )
  })
})
