import { expect, test } from 'vitest'
import { compileEventFilters } from '../../src/engine/event-filter.ts'
import type { JournalEvent } from '../../src/journal/index.ts'

const container: JournalEvent = {
  ...{ type: 'container', action: 'health_status: healthy', id: 'abcdef', timeMs: 0 },
  attributes: { image: 'app:1', name: 'web', tier: 'front' },
}
const image: JournalEvent = { type: 'image', action: 'tag', id: 'sha256:1', timeMs: 0, attributes: { name: 'app:1' } }

test.each([
  [['type=container'], true, false],
  [['event=health_status'], true, false],
  [['event=health_status: healthy'], true, false],
  [['event=health'], false, false],
  [['event=tag', 'event=health_status'], true, true],
  [['container=web'], true, false],
  [['container=abc'], true, false],
  [['container=eb'], false, false],
  [['image=app'], true, true],
  [['image=app:1', 'type=image'], false, true],
  [['image=sha256:1'], false, true],
  [['label=tier'], true, false],
  [['label=tier=back'], false, false],
  [['scope=local'], true, true],
  [['network=web'], false, false],
])('%j', (filters, ofContainer, ofImage) => {
  const passes = compileEventFilters(filters)
  expect([passes(container), passes(image)]).toEqual([ofContainer, ofImage])
})

test('what is no filter is said', () => {
  expect(() => compileEventFilters(['colour=red'])).toThrow('there is no filter "colour=red" of events')
  expect(() => compileEventFilters(['type=pod'])).toThrow('there are no events of the type "pod"')
})
