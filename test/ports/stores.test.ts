import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Layer } from '../../src/ports/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { describeImageStore } from './image-store.ts'
import { describeLayerStore } from './layer-store.ts'
import { describeRecordStore } from './record-store.ts'

/** A fresh store, and the way layers come in: a directory made elsewhere in it that is moved into place. */
function openedStore(): { readonly store: Store; keep(layer: Layer): Layer } {
  const store = openStore(join(temporaryDirectory(), 'store'))
  let count = 0
  const keep = (layer: Layer): Layer => {
    count += 1
    const directory = join(store.root, 'work', String(count))
    mkdirSync(join(directory, 'fs'), { recursive: true })
    return store.layers.adopt({ ...layer, directory })
  }
  return { store, keep }
}

describeRecordStore('on disk', () => openedStore().store.records)

describeLayerStore('on disk', () => {
  const { store, keep } = openedStore()
  return { layers: store.layers, keep }
})

describeImageStore('on disk', () => {
  const { store, keep } = openedStore()
  return { images: store.images, keep }
})
