import { appendFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { containerEvent, JournalReader, openJournal } from '../../src/journal/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const event = (id: string, padding = '') =>
  ({ type: 'container', action: 'start', id, attributes: { padding } }) as const
const ids = (events: readonly { readonly id: string }[]): readonly string[] => events.map(({ id }) => id)

test('gives back what was written, in order, with the time', () => {
  const root = temporaryDirectory()
  const journal = openJournal(root, () => 1234)
  const subject = { id: 'c1', image: { reference: 'app' }, labels: { tier: 'front' } }
  journal.write(containerEvent(subject, 'web', 'die', { exitCode: '3' }))
  journal.write(event('c2'))
  const reader = new JournalReader(root)
  const [first, second] = reader.read()
  expect(first).toEqual({
    ...{ type: 'container', action: 'die', id: 'c1', timeMs: 1234 },
    attributes: { tier: 'front', image: 'app', name: 'web', exitCode: '3' },
  })
  expect(second?.id).toBe('c2')
  journal.write(event('c3'))
  expect(ids(reader.read())).toEqual(['c3'])
  expect(reader.read()).toEqual([])
  reader.close()
  expect(statSync(join(root, 'events')).mode & 0o777).toBe(0o700)
  expect(statSync(join(root, 'events/journal')).mode & 0o777).toBe(0o600)
})

test('is bounded, and a reader goes on to the new file', () => {
  const root = temporaryDirectory()
  const journal = openJournal(root, () => 0)
  const reader = new JournalReader(root)
  const seen: string[] = []
  for (let index = 0; index < 40; index++) {
    journal.write(event(`c${index}`, 'x'.repeat(100_000)))
    seen.push(...ids(reader.read()))
  }
  expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => `c${index}`))
  const files = readdirSync(join(root, 'events')).sort()
  expect(files).toEqual(['journal', 'journal.1'])
  for (const file of files) expect(statSync(join(root, 'events', file)).size).toBeLessThan(1.2e6)
  const past = new JournalReader(root)
  const all = [...ids(past.past()), ...ids(past.read())]
  expect(all).toEqual(seen.slice(-all.length))
  expect(all.length).toBeGreaterThan(10)
  reader.close()
  past.close()
})

test('a line that was cut off is left out, and waited for while it is being written', () => {
  const root = temporaryDirectory()
  openJournal(root, () => 0).write(event('c1'))
  const file = join(root, 'events/journal')
  appendFileSync(file, '{"type":"container","acti\n{"type":"nothing"}\n')
  const reader = new JournalReader(root)
  expect(ids(reader.read())).toEqual(['c1'])
  const line = JSON.stringify({ ...event('c2'), timeMs: 1 })
  appendFileSync(file, line.slice(0, 20))
  expect(reader.read()).toEqual([])
  appendFileSync(file, `${line.slice(20)}\n`)
  expect(ids(reader.read())).toEqual(['c2'])
  reader.close()
})

test('what cannot be written down keeps nobody from their work', () => {
  const root = join(temporaryDirectory(), 'file')
  writeFileSync(root, '')
  expect(() => openJournal(root, () => 0).write(event('c1'))).not.toThrow()
})
