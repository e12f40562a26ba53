import { describe, expect, test } from 'vitest'
import { type Digest, digestHex, digestOf } from '../../src/base/index.ts'
import { encodeConfig, type ImageConfig } from '../../src/oci/index.ts'
import type { ImageStore, Layer } from '../../src/ports/index.ts'
import { paperLayer } from '../support/layers.ts'

/** An image store with a way to bring layers in. */
export interface OpenedImages {
  readonly images: ImageStore
  keep(layer: Layer): Layer
}

const layer = paperLayer('a')

function write(images: ImageStore, label: string): { readonly id: Digest; readonly config: ImageConfig } {
  const config: ImageConfig = {
    platform: { os: 'linux', architecture: 'amd64' },
    config: { env: ['PATH=/bin'], labels: { label } },
    diffIds: [layer.diffId],
    history: [{ createdBy: label }],
  }
  const configBytes = encodeConfig(config)
  const id = digestOf(configBytes)
  images.writeImage({ id, configBytes })
  return { id, config }
}

/** What every `ImageStore` does. */
export function describeImageStore(adapter: string, open: () => OpenedImages): void {
  const openWithLayer = (): ImageStore => {
    const { images, keep } = open()
    keep(layer)
    return images
  }

  describe(`ImageStore, ${adapter}`, () => {
    test('finds an image by name, ID and prefix of the ID', () => {
      const images = openWithLayer()
      const { id, config } = write(images, 'one')
      images.tag('app:1', id)
      for (const name of [
        'app:1',
        id,
        digestHex(id),
        digestHex(id).slice(0, 12),
        `sha256:${digestHex(id).slice(0, 7)}`,
      ])
        expect(images.findImage(name), name).toEqual({ id, config, layers: [layer] })
    })

    test('knows no other name, no other tag, and no part of a name', () => {
      const images = openWithLayer()
      images.tag('app:1', write(images, 'one').id)
      for (const name of ['app', 'app:2', 'ap:1', 'other:1', '', 'ffffffffffff'])
        expect(images.findImage(name), name).toBeUndefined()
    })

    test('a name moves to the image it was given last; the image it leaves stays', () => {
      const images = openWithLayer()
      const [one, two] = [write(images, 'one'), write(images, 'two')]
      images.tag('app:1', one.id)
      images.tag('app:1', two.id)
      expect(images.findImage('app:1')?.id).toBe(two.id)
      expect(images.findImage(one.id)?.id).toBe(one.id)
      expect(images.references()).toEqual([{ name: 'app:1', imageId: two.id }])
    })

    test('lists every name, with the digest it was pulled under', () => {
      const images = openWithLayer()
      const { id } = write(images, 'one')
      const pulledDigest = digestOf('manifest')
      images.tag('localhost:5000/a/b:1', id)
      images.tag('app:1', id, pulledDigest)
      const names = [...images.references()].sort((a, b) => (a.name < b.name ? -1 : 1))
      expect(names).toEqual([
        { name: 'app:1', imageId: id, pulledDigest },
        { name: 'localhost:5000/a/b:1', imageId: id },
      ])
    })

    test('an image without all its layers is none', () => {
      const { images, keep } = open()
      const { id } = write(images, 'one')
      images.tag('app:1', id)
      expect(images.findImage('app:1')).toBeUndefined()
      keep(layer)
      expect(images.findImage('app:1')?.id).toBe(id)
    })

    test('a prefix that begins several IDs is refused (security 58)', () => {
      const images = openWithLayer()
      // Among 700 images, two begin with the same four digits almost surely; the loop makes it sure.
      const seen = new Map<string, Digest>()
      for (let count = 0; ; count += 1) {
        const { id } = write(images, `image ${count}`)
        const prefix = digestHex(id).slice(0, 4)
        if (seen.has(prefix)) {
          expect(() => images.findImage(prefix)).toThrow(prefix)
          expect(images.findImage(id)?.id).toBe(id)
          return
        }
        seen.set(prefix, id)
      }
    })
  })
}
