import { describe, expect, it } from 'vitest'
import { digestOf } from '../../src/base/index.ts'
import {
  type Descriptor,
  formatPlatform,
  hostPlatform,
  type ImageIndex,
  matchPlatform,
  mediaTypes,
  offeredPlatforms,
  parsePlatform,
  selectManifest,
} from '../../src/oci/index.ts'

function entry(platform?: string, annotations?: Record<string, string>): Descriptor {
  const [os = '', architecture = '', variant] = platform?.split('/') ?? []
  return {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(`${platform}`),
    size: 1,
    ...(platform === undefined
      ? {}
      : { platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}

function index(...manifests: readonly Descriptor[]): ImageIndex {
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }
}

describe('parsePlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['Linux/AMD64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/armhf', 'linux/arm/v7'],
    ['macos/arm64', 'darwin/arm64'],
    ['arm64', 'linux/arm64'],
    ['i386', 'linux/386'],
  ])('%s is %s', (text, normal) => {
    expect(formatPlatform(parsePlatform(text))).toBe(normal)
  })

  it('fills an operating system alone from the host', () => {
    expect(formatPlatform(parsePlatform('windows', hostPlatform('arm64')))).toBe('windows/arm64')
  })

  it.each(['', '/', 'linux/', 'a/b/c/d', 'linux/amd 64', 'toaster', 'constructor', 'linux'])('refuses "%s"', (text) => {
    expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  it.each([
    ['x64', 'linux/amd64'],
    ['arm64', 'linux/arm64'],
    ['arm', 'linux/arm/v7'],
    ['ia32', 'linux/386'],
    ['ppc64', 'linux/ppc64le'],
    ['riscv64', 'linux/riscv64'],
  ])('node calls %s what images call %s', (arch, normal) => {
    expect(formatPlatform(hostPlatform(arch))).toBe(normal)
  })
})

describe('matchPlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64', true],
    ['linux/amd64', 'linux/386', true],
    ['linux/amd64', 'linux/amd64/v2', false],
    ['linux/amd64/v3', 'linux/amd64/v2', true],
    ['linux/amd64/v3', 'linux/amd64', true],
    ['linux/arm64', 'linux/arm64/v8', true],
    ['linux/arm64', 'linux/arm/v7', true],
    ['linux/arm/v7', 'linux/arm/v6', true],
    ['linux/arm/v6', 'linux/arm/v7', false],
    ['linux/386', 'linux/amd64', false],
    ['linux/amd64', 'windows/amd64', false],
    ['linux/s390x', 'linux/s390x', true],
  ])('an image for %s asked, %s offered: %s', (wanted, offered, matches) => {
    expect(matchPlatform(parsePlatform(wanted), parsePlatform(offered))).toBe(matches)
  })
})

describe('selectManifest', () => {
  const select = (wanted: string, ...entries: readonly Descriptor[]) => {
    const found = selectManifest(index(...entries), parsePlatform(wanted))
    return found === undefined ? undefined : found.platform === undefined ? 'none' : formatPlatform(found.platform)
  }

  it('prefers the nearest variant to the index order', () => {
    expect(select('linux/arm/v7', entry('linux/arm/v5'), entry('linux/arm/v6'), entry('linux/arm/v8'))).toBe(
      'linux/arm/v6',
    )
    expect(select('linux/arm64', entry('linux/arm/v7'), entry('linux/arm64/v8'))).toBe('linux/arm64/v8')
    expect(select('linux/amd64', entry('linux/386'), entry('linux/amd64/v3'), entry('linux/amd64'))).toBe('linux/amd64')
  })

  it('passes over attestations and takes an entry without platform last', () => {
    const attestation = entry('unknown/unknown', { 'vnd.docker.reference.type': 'attestation-manifest' })
    expect(select('linux/amd64', attestation, entry('unknown/unknown'))).toBeUndefined()
    expect(select('linux/amd64', entry(), entry('linux/amd64'))).toBe('linux/amd64')
    expect(select('linux/amd64', entry(), entry('linux/s390x'))).toBe('none')
    expect(offeredPlatforms(index(attestation, entry('linux/s390x'), entry('linux/s390x')))).toEqual(['linux/s390x'])
  })

  it('gives undefined when nothing fits', () => {
    expect(select('linux/amd64', entry('linux/arm64'), entry('windows/amd64'))).toBeUndefined()
  })
})
