import { describe, expect, test } from 'vitest'
import type { Layer, LayerStore } from '../../src/ports/index.ts'
import { paperLayer } from '../support/layers.ts'

/** A layer store with the adapter's own way to bring a layer in. */
export interface OpenedLayers {
  readonly layers: LayerStore
  /** Brings a layer in and gives the one that is kept. */
  keep(layer: Layer): Layer
}

/** What every `LayerStore` does. */
export function describeLayerStore(adapter: string, open: () => OpenedLayers): void {
  describe(`LayerStore, ${adapter}`, () => {
    test('finds a layer by diffId and by content', () => {
      const { layers, keep } = open()
      const layer = paperLayer('a')
      expect(keep(layer)).toEqual(layer)
      expect(layers.layer(layer.diffId)).toEqual(layer)
      expect(layers.layerByContent(layer.contentDigest)).toEqual(layer)
    })

    test('has nothing that was not brought in', () => {
      const { layers, keep } = open()
      expect(layers.layer(paperLayer('a').diffId)).toBeUndefined()
      keep(paperLayer('a'))
      expect(layers.layer(paperLayer('b').diffId)).toBeUndefined()
      expect(layers.layerByContent(paperLayer('b').contentDigest)).toBeUndefined()
    })

    test('a layer that was looked for in vain is found once it is there', () => {
      const { layers, keep } = open()
      const layer = paperLayer('a')
      expect(layers.layer(layer.diffId)).toBeUndefined()
      expect(layers.layerByContent(layer.contentDigest)).toBeUndefined()
      keep(layer)
      expect(layers.layer(layer.diffId)).toEqual(layer)
      expect(layers.layerByContent(layer.contentDigest)).toEqual(layer)
    })

    test('the first layer of a diffId stays', () => {
      const { layers, keep } = open()
      const first = paperLayer('a')
      keep(first)
      expect(keep({ ...first, created: '2027-07-07T00:00:00Z' })).toEqual(first)
      expect(layers.layer(first.diffId)).toEqual(first)
    })

    test('content leads to the layer first made with it, others stay reachable by diffId', () => {
      const { layers, keep } = open()
      const first = paperLayer('a')
      const second = { ...paperLayer('b'), contentDigest: first.contentDigest }
      keep(first)
      keep(second)
      expect(layers.layerByContent(first.contentDigest)).toEqual(first)
      expect(layers.layer(second.diffId)).toEqual(second)
    })
  })
}
