import { describe, expect, test } from 'vitest'
import type { ImagePort } from '../../src/build/index.ts'

/** A port in front of a registry that has one image for `platform`, and nothing else. */
export interface OpenedImagePort {
  readonly port: ImagePort
  /** Reference of the image. */
  readonly reference: string
  /** A reference of the same registry that names nothing. */
  readonly unknown: string
  /** How often the registry was asked for something. */
  asked(): number
}

const platform = { os: 'linux', architecture: 'amd64' } as const

/** What every `ImagePort` does. */
export function describeImagePort(adapter: string, open: () => Promise<OpenedImagePort>): void {
  describe(`ImagePort, ${adapter}`, () => {
    test('finds nothing before a pull and the image after it, without asking the registry', async () => {
      const { port, reference, asked } = await open()
      expect(port.find(reference, platform)).toBeUndefined()
      expect(asked()).toBe(0)
      const pulled = await port.pull(reference, platform)
      const before = asked()
      expect(port.find(reference, platform)).toEqual(pulled)
      expect(port.find(reference, { os: 'linux', architecture: 'riscv64' })).toBeUndefined()
      expect(asked()).toBe(before)
    })

    test('a pulled image has as many layers as its config says, in its order', async () => {
      const { port, reference } = await open()
      const { config, layers } = await port.pull(reference, platform)
      expect(layers.length).toBeGreaterThan(0)
      expect(layers.map((layer) => layer.diffId)).toEqual(config.diffIds)
    })

    test('inspect gives the config that pull gives and keeps nothing', async () => {
      const { port, reference } = await open()
      const config = await port.inspect(reference, platform)
      expect(port.find(reference, platform)).toBeUndefined()
      expect((await port.pull(reference, platform)).config).toEqual(config)
    })

    test('several pulls, at once and later, give the same image', async () => {
      const { port, reference } = await open()
      const [one, two] = await Promise.all([port.pull(reference, platform), port.pull(reference, platform)])
      expect(two).toEqual(one)
      expect(await port.pull(reference, platform)).toEqual(one)
    })

    test('what is not there is said to be not there', async () => {
      const { port, unknown } = await open()
      await expect(port.pull(unknown, platform)).rejects.toMatchObject({ code: 'registry-not-found' })
      await expect(port.inspect(unknown, platform)).rejects.toMatchObject({ code: 'registry-not-found' })
      expect(port.find(unknown, platform)).toBeUndefined()
    })
  })
}
