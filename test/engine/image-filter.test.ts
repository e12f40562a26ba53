import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/base/index.ts'
import { compileImageFilters } from '../../src/engine/image-filter.ts'
import { encodeConfig } from '../../src/oci/index.ts'
import type { StoredImage } from '../../src/ports/index.ts'
import { openStore } from '../../src/store/index.ts'
import { paperLayer } from '../support/layers.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const keys = ['dangling', 'label', 'label!', 'reference', 'before', 'since', 'until']
const nowMs = Date.parse('2026-06-01T00:00:00Z')

/** A store with three images, a month apart. */
function makeStore(): { readonly matching: (...filters: readonly string[]) => readonly string[] } {
  const store = openStore(join(temporaryDirectory(), 'store'))
  const directory = join(store.root, 'work/made')
  mkdirSync(join(directory, 'fs'), { recursive: true })
  const layer = store.layers.adopt({ ...paperLayer('a'), directory })
  const images: { readonly name: string; readonly image: StoredImage; readonly names: readonly string[] }[] = []
  const add = (
    name: string,
    month: number,
    labels: Readonly<Record<string, string>>,
    names: readonly string[],
  ): void => {
    const configBytes = encodeConfig({
      platform: { os: 'linux', architecture: 'amd64' },
      created: `2026-0${month}-01T00:00:00Z`,
      config: { labels },
      diffIds: [layer.diffId],
      history: [],
    })
    const id = digestOf(configBytes)
    store.images.writeImage({ id, configBytes })
    for (const one of names) store.images.tag(one, id)
    const image = store.images.image(id)
    if (image !== undefined) images.push({ name, image, names })
  }
  add('old', 3, { team: 'red', tier: 'web' }, ['localhost:5000/team/old:1'])
  add('mid', 4, { team: 'blue' }, ['mid:latest', 'alias:2'])
  add('new', 5, {}, [])
  return {
    matching(...filters) {
      const passes = compileImageFilters(filters, keys, store, nowMs)
      return images.filter(({ image, names }) => passes(image, names)).map(({ name }) => name)
    },
  }
}

describe('filters', () => {
  test.each([
    [[], ['old', 'mid', 'new']],
    [['dangling=true'], ['new']],
    [['dangling=false'], ['old', 'mid']],
    [['label=team'], ['old', 'mid']],
    [['label=team=red'], ['old']],
    [['label=team', 'label=tier=web'], ['old']],
    [['label!=team=red'], ['mid', 'new']],
    [['label!=team', 'dangling=true'], ['new']],
    [['reference=mid'], ['mid']],
    [['reference=alias:*'], ['mid']],
    [['reference=alias:3'], []],
    [
      ['reference=m*', 'reference=localhost:5000/team/*'],
      ['old', 'mid'],
    ],
    [['reference=*'], ['mid']],
    [['before=mid'], ['old']],
    [['since=mid'], ['new']],
    [['since=localhost:5000/team/old:1', 'before=alias:2'], []],
    [['until=2026-04-15'], ['old', 'mid']],
    [['until=1000h'], ['old', 'mid']],
    [['until=24h30m'], ['old', 'mid', 'new']],
    [['until=1775000000'], ['old']],
  ] as const)('%j', (filters, expected) => {
    expect(makeStore().matching(...filters)).toEqual(expected)
  })

  test.each(['dangling=maybe', 'until=soon', 'colour=red', 'label', '=x', 'toString=x'])('%s is refused', (filter) => {
    expect(() => makeStore().matching(filter)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  test('an image that a filter names has to be there', () => {
    expect(() => makeStore().matching('before=nothing')).toThrow(expect.objectContaining({ code: 'image-not-found' }))
  })
})
