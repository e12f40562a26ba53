import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DiffId, digestOf, parseDiffId } from '../../src/base/index.ts'
import { type ContainerConfig, decodeConfig, encodeConfig, type ImageConfig } from '../../src/oci/index.ts'

const word = fc.string({ minLength: 1 })
const words = fc.array(word, { minLength: 1, maxLength: 3 })
const set = fc.uniqueArray(word, { minLength: 1, maxLength: 4 }).map((items) => items.sort())
const container: fc.Arbitrary<ContainerConfig> = fc.record(
  {
    user: word,
    exposedPorts: set,
    env: fc.array(
      fc
        .tuple(fc.stringMatching(/^[A-Z]{1,4}$/), fc.string())
        .map(([name, value]) => `${name}=${value.replaceAll('\0', '')}`),
      { minLength: 1 },
    ),
    entrypoint: words,
    cmd: words,
    volumes: set,
    workingDir: word,
    labels: fc.dictionary(word, fc.string(), { minKeys: 1, noNullPrototype: true }),
    stopSignal: word,
    shell: words,
    healthcheck: fc.record(
      { test: words, interval: fc.integer({ min: 1 }), retries: fc.integer({ min: 1 }) },
      { requiredKeys: ['test'] },
    ),
    onBuild: words,
    argsEscaped: fc.constant(true as const),
  },
  { requiredKeys: [] },
)
const image: fc.Arbitrary<ImageConfig> = fc.record(
  {
    platform: fc.record({ os: word, architecture: word, variant: word }, { requiredKeys: ['os', 'architecture'] }),
    created: word,
    author: word,
    config: container,
    diffIds: fc.array(
      fc.string().map((text): DiffId => parseDiffId(digestOf(text))),
      { maxLength: 3 },
    ),
    history: fc.array(
      fc.record(
        { created: word, createdBy: word, comment: word, emptyLayer: fc.constant(true as const) },
        { requiredKeys: [] },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ['platform', 'config', 'diffIds', 'history'] },
)

describe('encodeConfig', () => {
  it('is undone by decodeConfig', () => {
    fc.assert(
      fc.property(image, (config) => {
        expect(decodeConfig(encodeConfig(config))).toEqual(config)
      }),
    )
  })

  it('does not depend on the order in which maps were filled', () => {
    const make = (labels: Record<string, string>): ImageConfig => ({
      platform: { os: 'linux', architecture: 'amd64' },
      config: { labels, volumes: Object.keys(labels) },
      diffIds: [],
      history: [],
    })
    const text = Buffer.from(encodeConfig(make({ b: '1', 9: '2', 10: '3' }))).toString()
    expect(text).toBe(Buffer.from(encodeConfig(make({ 10: '3', 9: '2', b: '1' }))).toString())
    expect(text).toContain('"Labels":{"10":"3","9":"2","b":"1"}')
  })
})
