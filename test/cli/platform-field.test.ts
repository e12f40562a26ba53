import { expect, test } from 'vitest'
import { platformField, platformsField } from '../../src/cli/platform-field.ts'
import { formatPlatform } from '../../src/oci/index.ts'

function platforms(texts: readonly string[], target: readonly string[] = []): readonly string[] | undefined {
  return platformsField({ platform: texts, target }, 'x64').platforms?.map(formatPlatform)
}

test('platforms are a list with commas, repeated or not, each once in its order', () => {
  expect(platforms([])).toBeUndefined()
  expect(platforms([''])).toBeUndefined()
  expect(platforms(['linux/arm64,linux/amd64', 'linux/aarch64', 'arm'])).toEqual([
    'linux/arm64',
    'linux/amd64',
    'linux/arm/v7',
  ])
  expect(platforms(['local,linux/x86_64'])).toEqual(['linux/amd64'])
})

test('what is no platform is refused, and several targets for several platforms', () => {
  expect(() => platforms(['linux/arm64,bogus'])).toThrow('"bogus" is not a platform')
  expect(() => platforms(['linux/arm64,linux/amd64'], ['a', 'b'])).toThrow('several targets')
  expect(() => platforms(['linux/arm64,linux/amd64'], ['a,b'])).toThrow('several targets')
  expect(platforms(['linux/arm64'], ['a', 'b'])).toEqual(['linux/arm64'])
  expect(platforms(['linux/arm64,local'], ['a', 'a'])).toHaveLength(2)
})

test('one platform', () => {
  expect(platformField({})).toEqual({})
  expect(platformField({ platform: 'linux/arm/v7' })).toEqual({
    platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
  })
})
