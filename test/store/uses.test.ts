import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestOf, parseStepKey } from '../../src/base/index.ts'
import { openStore } from '../../src/store/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const key = (name: string) => parseStepKey(digestOf(name))

test('uses are counted by builds, and torn lines do no harm', () => {
  const { uses, root } = openStore(join(temporaryDirectory(), 'store'))
  uses.note([key('a'), key('b'), key('a')], 1000)
  uses.note([key('a')], 2000)
  uses.note([], 2500)
  appendFileSync(join(root, 'cache/uses.log'), '!! torn\nx')
  appendFileSync(join(root, 'cache/uses.log'), '\n')
  uses.note([key('c')], 3000)
  const book = uses.read()
  expect(book.use(key('a'))).toEqual({ uses: 2, usedMs: 2000 })
  expect(book.use(key('b'))).toEqual({ uses: 1, usedMs: 1000 })
  expect(book.use(key('d'))).toBeUndefined()
  expect([0, 1000, 2000, 3000].map((time) => book.buildsSince(time))).toEqual([3, 2, 1, 0])
})

test('a long journal is summed up, without what is not known any more', () => {
  const { uses, root } = openStore(join(temporaryDirectory(), 'store'))
  const many = Array.from({ length: 300 }, (_, index) => key(`step ${index}`))
  for (let build = 1; build <= 60; build++) uses.note(many, build * 1000)
  uses.compact(new Set(many.slice(0, 10)))
  expect(existsSync(join(root, 'cache/uses.log'))).toBe(false)
  uses.note(many.slice(0, 1), 61_000)
  const book = uses.read()
  expect(book.use(key('step 0'))).toEqual({ uses: 61, usedMs: 61_000 })
  expect(book.use(key('step 9'))).toEqual({ uses: 60, usedMs: 60_000 })
  expect(book.use(key('step 10'))).toBeUndefined()
  expect(book.buildsSince(31_000)).toBe(30)
  // A short one is left as it is.
  uses.compact(new Set())
  expect(readFileSync(join(root, 'cache/uses.log'), 'latin1').trim().split('\n')).toHaveLength(1)
})
