import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseStepKey } from '../../src/base/index.ts'
import { sweepClaims, tryClaim, waitForClaim } from '../../src/store/claims.ts'
import { openStore } from '../../src/store/index.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

const { root } = openStore(join(directory, 'store'))
const key = parseStepKey(`sha256:${'ab'.repeat(32)}`)
const other = parseStepKey(`sha256:${'cd'.repeat(32)}`)
const held = (): readonly string[] => readdirSync(join(root, 'claims'))

test('a key has one holder at a time, and leaves no file', async () => {
  const first = tryClaim(root, key)
  expect(first).toBeDefined()
  expect(tryClaim(root, key)).toBeUndefined()
  tryClaim(root, other)?.release()
  const waiting = waitForClaim(root, key, new AbortController().signal)
  first?.release()
  const second = await waiting
  expect(tryClaim(root, key)).toBeUndefined()
  second.release()
  expect(held()).toEqual([])
})

test('waiting ends with the signal', async () => {
  const claim = tryClaim(root, key)
  const abort = new AbortController()
  const waiting = waitForClaim(root, key, abort.signal)
  abort.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  claim?.release()
})

test('sweeping removes what dead processes left, and nothing that is held', () => {
  const claim = tryClaim(root, key)
  writeFileSync(join(root, 'claims', 'ef'.repeat(32)), '')
  sweepClaims(root)
  expect(held()).toEqual(['ab'.repeat(32)])
  expect(tryClaim(root, key)).toBeUndefined()
  claim?.release()
})
