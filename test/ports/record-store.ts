import { describe, expect, test } from 'vitest'
import { digestOf, parseContentDigest, parseStepKey, type StepKey } from '../../src/base/index.ts'
import type { RecordStore, StepRecord } from '../../src/ports/index.ts'
import { paperLayer } from '../support/layers.ts'

const key = (name: string): StepKey => parseStepKey(digestOf(`key ${name}`))

const record = (name: string): StepRecord => ({
  key: key(name),
  components: { kind: 'run', args: ['sh', '-c', name], cwd: '/', limits: null, nested: { a: [1, true] } },
  text: `RUN ${name}`,
  diffId: paperLayer(name).diffId,
  contentDigest: paperLayer(name).contentDigest,
  durationMs: 1234,
  created: '2026-01-01T00:00:00Z',
  hasLog: false,
})

/** What every `RecordStore` does. */
export function describeRecordStore(adapter: string, open: () => RecordStore): void {
  describe(`RecordStore, ${adapter}`, () => {
    test('gives a record back as it was written, components and all', () => {
      const store = open()
      store.writeRecord(record('a'), undefined)
      store.writeRecord(record('b'), undefined)
      expect(store.readRecord(key('a'))).toEqual(record('a'))
      expect(store.readRecord(key('b'))).toEqual(record('b'))
    })

    test('knows nothing of a key that was never written', () => {
      const store = open()
      store.writeRecord(record('a'), undefined)
      expect(store.readRecord(key('b'))).toBeUndefined()
      expect(store.readSelection(key('a'))).toBeUndefined()
    })

    test('the last record of a key counts', () => {
      const store = open()
      store.writeRecord(record('a'), undefined)
      const later = { ...record('a'), diffId: paperLayer('other').diffId }
      store.writeRecord(later, undefined)
      expect(store.readRecord(key('a'))).toEqual(later)
    })

    test('keeps selections apart from records', () => {
      const store = open()
      const selection = { key: key('a'), contentDigest: parseContentDigest(digestOf('picked')) }
      store.writeSelection(selection)
      store.writeRecord(record('a'), undefined)
      expect(store.readSelection(key('a'))).toEqual(selection)
      expect(store.readRecord(key('a'))).toEqual(record('a'))
    })
  })
}
