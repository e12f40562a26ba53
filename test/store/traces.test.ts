import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseContentDigest, parseStepKey } from '../../src/base/index.ts'
import type { BuildTrace } from '../../src/ports/index.ts'
import { openStore } from '../../src/store/index.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

const digest = (byte: number) => parseContentDigest(`sha256:${byte.toString(16).padStart(2, '0').repeat(32)}`)
const nothing = { logs: new Map(), listings: new Map() }

function trace(number: number, files?: ReturnType<typeof digest>): BuildTrace {
  const step = {
    label: '[2/2] COPY . .',
    stage: '0',
    ordinal: 0,
    text: 'COPY . .',
    file: 'Dockerfile',
    startLine: 2,
    status: 'ran',
    key: parseStepKey(`sha256:${'ab'.repeat(32)}`),
    durationMs: 1,
    causes: [
      { kind: 'file', change: 'added', path: 'a', rule: '.dockerignore:1: !a' },
      { kind: 'variable', name: 'V', before: '1' },
    ],
    ...(files === undefined ? {} : { files }),
  } as const
  const id = `20260101T0000${String(number).padStart(2, '0')}000Z-00000000`
  return { id, created: '2026-01-01T00:00:00.000Z', durationMs: 2, bases: [], steps: [step] }
}

test('traces come back whole, the newest first; logs and listings belong to them', () => {
  const { traces } = openStore(join(directory, 'whole'))
  const files = [{ path: 'a', type: 'file', mode: 0o644, sizeBytes: 1, content: 'ff' }]
  traces.writeTrace('p', trace(1, digest(1)), {
    logs: new Map([[0, Buffer.from('log')]]),
    listings: new Map([[digest(1), files]]),
  })
  traces.writeTrace('p', trace(2), nothing)
  expect(traces.traces('p')).toEqual([trace(2), trace(1, digest(1))])
  expect(traces.listing('p', digest(1))).toEqual(files)
  expect(traces.listing('p', digest(2))).toBeUndefined()
  expect(traces.readFailedLog('p', trace(1).id, 0)?.toString()).toBe('log')
  expect(traces.traces('other')).toEqual([])
})

test('only the last twenty builds are kept, and of listings only those they took', () => {
  const { root, traces } = openStore(join(directory, 'bounded'))
  const listings = (byte: number) => new Map([[digest(byte), []]])
  traces.writeTrace('p', trace(0, digest(0)), { logs: new Map([[0, Buffer.from('old')]]), listings: listings(0) })
  for (let number = 1; number <= 20; number++) {
    const last = number === 20
    traces.writeTrace('p', trace(number, digest(1)), last ? nothing : { ...nothing, listings: listings(1) })
    // Twenty with the first one, which then makes way.
    expect(existsSync(join(root, 'traces/p', `${trace(0).id}.json`))).toBe(!last)
  }
  expect(traces.traces('p')).toHaveLength(20)
  expect(traces.listing('p', digest(0))).toBeUndefined()
  expect(traces.listing('p', digest(1))).toEqual([])
  expect(readdirSync(join(root, 'traces/p')).filter((name) => name.startsWith(trace(0).id))).toEqual([])
})
