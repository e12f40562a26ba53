import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOf } from '../../src/base/index.ts'
import { type Descriptor, parsePlatform, parseReference, validateImage } from '../../src/oci/index.ts'
import { openRegistry, type RegistryClient } from '../../src/registry/index.ts'
import { busyboxTar, LayoutWriter, makeTar, pushLayout } from '../support/oci-image.ts'
import { missingRegistryParts, startRegistry, type TestRegistry } from '../support/registry.ts'

const skip = missingRegistryParts()
const amd64 = parsePlatform('linux/amd64')

describe.skipIf(skip !== undefined)(`resolving images${skip ? ` (${skip})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-layout-'))
  let registry: TestRegistry
  let client: RegistryClient
  let single: Descriptor
  let index: Descriptor
  let arm: Descriptor

  beforeAll(async () => {
    registry = await startRegistry()
    client = openRegistry({ userAgent: 'longshore-test', retry: { retries: 0 } })
    const layout = new LayoutWriter(folder)
    const tar = await busyboxTar()
    const small = await makeTar({ 'etc/motd': 'hello\n' })
    single = layout.addImage(amd64, [
      { tar, compression: 'gzip' },
      { tar: small, compression: 'zstd' },
      { tar: small, compression: 'zstd' },
    ])
    arm = layout.addImage(parsePlatform('linux/arm/v6'), [{ tar: small, compression: 'gzip' }])
    const amd = layout.addImage(amd64, [{ tar: small, compression: 'none' }])
    index = layout.addIndex([arm, amd])
    layout.finish({ single, multi: index })
    await pushLayout(folder, 'single', `${registry.host}/team/app:1`)
    await pushLayout(folder, 'multi', `${registry.host}/team/multi:1`)
  })

  afterAll(async () => {
    await client?.close()
    await registry?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const resolve = (text: string, platform = amd64) =>
    client.resolveImage(parseReference(`${registry.host}/${text}`), platform)

  it('resolves a tag to manifest and config with their exact bytes', async () => {
    const image = await resolve('team/app:1')
    expect(image.digest).toBe(single.digest)
    expect(digestOf(image.manifestBytes)).toBe(single.digest)
    expect(digestOf(image.configBytes)).toBe(image.manifest.config.digest)
    expect(image.indexDigest).toBeUndefined()
    expect(validateImage(image.config, image.manifest)).toEqual([])
  })

  it('resolves a digest, with or without a tag beside it', async () => {
    expect((await resolve(`team/app@${single.digest}`)).digest).toBe(single.digest)
    expect((await resolve(`team/app:gone@${single.digest}`)).digest).toBe(single.digest)
  })

  it('picks the platform from an index, by containerd rules', async () => {
    const image = await resolve('team/multi:1')
    expect(image.config.platform).toEqual(amd64)
    expect(image.indexDigest).toBe(index.digest)
    expect((await resolve('team/multi:1', parsePlatform('linux/arm/v7'))).digest).toBe(arm.digest)
    await expect(resolve('team/multi:1', parsePlatform('linux/s390x'))).rejects.toMatchObject({
      code: 'platform-mismatch',
      message: expect.stringContaining('only for linux/arm/v6, linux/amd64'),
    })
  })

  it('pulls every different layer once, in parallel, verified', async () => {
    const image = await resolve('team/app:1')
    const got = new Map<string, string>()
    const progress = new Map<string, number>()
    await client.pullLayers(
      parseReference(`${registry.host}/team/app`),
      image.manifest.layers,
      async (descriptor, stream) => {
        const chunks: Uint8Array[] = []
        for await (const chunk of stream) chunks.push(chunk)
        expect(got.has(descriptor.digest)).toBe(false)
        got.set(descriptor.digest, digestOf(Buffer.concat(chunks)))
      },
      { parallel: 2, onProgress: (descriptor, bytes) => progress.set(descriptor.digest, bytes) },
    )
    const layers = new Set(image.manifest.layers.map((layer) => layer.digest))
    expect(layers.size).toBe(2)
    expect([...got].sort()).toEqual([...layers].map((digest) => [digest, digest]).sort())
    for (const layer of image.manifest.layers) expect(progress.get(layer.digest)).toBe(layer.size)
  })

  it('cancels the other layers when a sink fails, and throws its error', async () => {
    const image = await resolve('team/app:1')
    const failure = new Error('disk full')
    const pull = client.pullLayers(parseReference(`${registry.host}/team/app`), image.manifest.layers, async () => {
      throw failure
    })
    await expect(pull).rejects.toBe(failure)
  })

  it('says what does not exist', async () => {
    await expect(resolve('team/app:2')).rejects.toMatchObject({
      code: 'registry-not-found',
      message: expect.stringMatching(/127\.0\.0\.1:\d+ does not have the manifest of 127\.0\.0\.1:\d+\/team\/app:2/),
    })
    await expect(resolve('nobody/nothing')).rejects.toMatchObject({ code: 'registry-not-found' })
  })
})

describe('a host that is not there', () => {
  it('is reported at once, by name', async () => {
    const client = openRegistry({ userAgent: 'longshore-test' })
    const started = performance.now()
    await expect(client.resolveImage(parseReference('127.0.0.1:1/a'), amd64)).rejects.toMatchObject({
      code: 'registry-unreachable',
      message: 'cannot reach 127.0.0.1:1: the connection was refused',
    })
    await expect(client.resolveImage(parseReference('no-such-host.invalid/a'), amd64)).rejects.toMatchObject({
      code: 'registry-unreachable',
      message: expect.stringContaining('no-such-host.invalid'),
    })
    expect(performance.now() - started).toBeLessThan(20_000)
    await client.close()
  })
})
