import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { digestOf } from '../../src/base/index.ts'
import {
  type Descriptor,
  encodeConfig,
  encodeManifest,
  mediaTypes,
  parsePlatform,
  parseReference,
  type Reference,
} from '../../src/oci/index.ts'
import { openRegistry, type RegistryClient, type RegistryOptions } from '../../src/registry/index.ts'
import {
  account,
  type FaultyProxy,
  missingRegistryParts,
  startFaultyProxy,
  startRegistry,
  startServer,
  startTokenServer,
  type TestRegistry,
  type TokenServer,
} from '../support/registry.ts'

const skip = missingRegistryParts()

/** A blob of random bytes that can be read from any place. */
function randomBlob(size: number) {
  const bytes = randomBytes(size)
  const descriptor: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size }
  async function* open(offset: number): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < size; at += 100_000) yield bytes.subarray(at, Math.min(at + 100_000, size))
  }
  return { bytes, descriptor, open }
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

describe.skipIf(skip !== undefined)(`pushing${skip ? ` (${skip})` : ''}`, () => {
  let registry: TestRegistry
  let proxy: FaultyProxy
  let client: RegistryClient
  let reference: Reference
  let repositories = 0

  beforeAll(async () => {
    registry = await startRegistry({ relativeUrls: true })
    proxy = await startFaultyProxy(registry.url)
  })
  afterAll(async () => {
    await proxy?.stop()
    await registry?.stop()
  })
  const open = (options: Partial<RegistryOptions> = {}) =>
    openRegistry({ userAgent: 'longshore-test', retry: { retries: 3, baseDelayMs: 1, maxDelayMs: 2000 }, ...options })
  beforeEach(() => {
    reference = parseReference(`${proxy.host}/push/number${repositories++}:1`)
    proxy.interfere = () => false
    client = open()
    return () => client.close()
  })
  const fetched = (descriptor: Descriptor, from = reference) => collected(client.fetchBlob(from, descriptor))
  /** Requests of a kind since `before`. */
  const requests = (before: number, method: string): readonly string[] =>
    proxy.seen.slice(before).flatMap((seen) => (seen.method === method ? [seen.url] : []))

  it('sends a blob in one piece, and not again', async () => {
    const blob = randomBlob(1_500_000)
    const before = proxy.seen.length
    const progress: number[] = []
    expect(await client.uploadBlob(reference, blob, { onProgress: (sent) => progress.push(sent) })).toBe('uploaded')
    expect(proxy.seen.slice(before).map(({ method }) => method)).toEqual(['HEAD', 'POST', 'PUT'])
    expect(progress.at(-1)).toBe(blob.bytes.length)
    expect((await fetched(blob.descriptor)).equals(blob.bytes)).toBe(true)
    expect(await client.uploadBlob(reference, blob)).toBe('present')
    expect(requests(before, 'PUT')).toHaveLength(1)
  })

  it('mounts a blob from another repository, and sends it when that has none', async () => {
    const blob = randomBlob(50_000)
    await client.uploadBlob(reference, blob)
    const other = { ...reference, repository: `${reference.repository}/other` }
    const before = proxy.seen.length
    expect(await client.uploadBlob(other, blob, { mountFrom: [reference.repository] })).toBe('mounted')
    expect(requests(before, 'PUT')).toEqual([])
    const third = { ...reference, repository: `${reference.repository}/third` }
    expect(await client.uploadBlob(third, randomBlob(50_000), { mountFrom: [other.repository] })).toBe('uploaded')
  })

  it('sends a blob that a registry says it has mounted, and has not (security 59)', async () => {
    const uploads: string[] = []
    const liar = await startServer(async (request, response) => {
      const { url = '', method } = request
      if (url.includes('mount=')) response.writeHead(201).end()
      else if (method === 'POST') response.writeHead(202, { location: '/v2/a/blobs/uploads/1' }).end()
      else if (method === 'PUT') {
        uploads.push(url)
        await request.toArray()
        response.writeHead(201).end()
      } else response.writeHead(404).end()
    })
    const client = open()
    const outcome = await client.uploadBlob(parseReference(`${liar.host}/a`), randomBlob(100), { mountFrom: ['b'] })
    expect(outcome).toBe('uploaded')
    expect(uploads).toHaveLength(1)
    await Promise.all([client.close(), liar.stop()])
  })

  it('goes on without a mount that is refused', async () => {
    proxy.interfere = (request, response) =>
      request.url?.includes('mount=') === true && Boolean(response.writeHead(403).end())
    expect(await client.uploadBlob(reference, randomBlob(100), { mountFrom: ['a'] })).toBe('uploaded')
  })

  it.each([
    ['a reset', (request: IncomingMessage) => Boolean(request.socket.resetAndDestroy())],
    [
      '429',
      (_: IncomingMessage, response: ServerResponse) => Boolean(response.writeHead(429, { 'retry-after': '0' }).end()),
    ],
    ['500', (_: IncomingMessage, response: ServerResponse) => Boolean(response.writeHead(500).end())],
    ['a forgotten session', (_: IncomingMessage, response: ServerResponse) => Boolean(response.writeHead(404).end())],
  ])('sends a blob again after %s', async (_, spoil) => {
    const blob = randomBlob(700_000)
    let spoilt = 0
    proxy.interfere = async (request, response) => {
      if (request.method !== 'PUT' || spoilt >= 2) return false
      spoilt++
      await request
        .resume()
        .toArray()
        .catch(() => [])
      return spoil(request, response)
    }
    expect(await client.uploadBlob(reference, blob)).toBe('uploaded')
    expect(spoilt).toBe(2)
    expect((await fetched(blob.descriptor)).equals(blob.bytes)).toBe(true)
  })

  it('sends pieces to a registry that takes no large request, and goes on from where the registry is', async () => {
    const blob = randomBlob(40_000_000)
    const sizes: number[] = []
    let lost = false
    proxy.interfere = async (request, response) => {
      if (request.method === 'PUT' && Number(request.headers['content-length']) > 20_000_000) {
        await request.resume().toArray()
        response.writeHead(413).end()
        return true
      }
      if (request.method !== 'PATCH') return false
      sizes.push(Number(request.headers['content-length']))
      if (sizes.length !== 2 || lost) return false
      lost = true
      await request.resume().toArray()
      response.writeHead(416).end()
      return true
    }
    expect(await client.uploadBlob(reference, blob)).toBe('uploaded')
    expect(sizes).toEqual([16_777_216, 16_777_216, 16_777_216, 6_445_568])
    expect((await fetched(blob.descriptor)).equals(blob.bytes)).toBe(true)
  }, 30_000)

  it('sends a blob whose digest is known only in the end, and gives it back when that fails', async () => {
    const blob = randomBlob(900_000)
    const growing = { bytes: blob.open(0), finished: Promise.resolve(blob.descriptor) }
    expect(await client.uploadStream(reference, growing)).toBe(true)
    expect((await fetched(blob.descriptor)).equals(blob.bytes)).toBe(true)
    proxy.interfere = (request) => request.method === 'PATCH' && Boolean(request.socket.resetAndDestroy())
    const other = randomBlob(900_000)
    const lost = { bytes: other.open(0), finished: Promise.resolve(other.descriptor) }
    expect(await client.uploadStream(reference, lost)).toBe(false)
  })

  it('stores a manifest, and notices when another is kept', async () => {
    const config = encodeConfig({ platform: parsePlatform('linux/amd64'), config: {}, diffIds: [], history: [] })
    const described: Descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length }
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: described, layers: [] } as const
    const document = { mediaType: mediaTypes.ociManifest, bytes: encodeManifest(manifest) }
    await expect(client.pushManifest(reference, document)).rejects.toMatchObject({ code: 'registry-failed' })
    const source = {
      descriptor: described,
      async *open() {
        yield config
      },
    }
    await client.uploadBlob(reference, source)
    await client.pushManifest(reference, document)
    expect((await client.resolveImage(reference, parsePlatform('linux/amd64'))).digest).toBe(digestOf(document.bytes))
    proxy.interfere = async (request, response) => {
      if (request.method !== 'PUT') return false
      await request.resume().toArray()
      response.writeHead(201, { 'docker-content-digest': digestOf('another') }).end()
      return true
    }
    await expect(client.pushManifest(reference, document)).rejects.toMatchObject({ code: 'blob-mismatch' })
  })

  it('sends nothing to a place on this machine that a registry elsewhere names (security 48)', async () => {
    const visited: string[] = []
    const trap = await startServer((request, response) => {
      visited.push(request.url ?? '')
      response.end()
    })
    // By way of a proxy, as a host that is not this machine.
    const liar = await startServer((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end()
      else response.writeHead(202, { location: `${trap.url}/upload` }).end()
    })
    const outside = open({ plainHttpHosts: ['registry.invalid:80'], proxy: { http: liar.url } })
    await expect(outside.uploadBlob(parseReference('registry.invalid:80/a'), randomBlob(10))).rejects.toMatchObject({
      code: 'registry-failed',
      message: expect.stringContaining('this machine'),
    })
    expect(visited).toEqual([])
    await Promise.all([outside.close(), trap.stop(), liar.stop()])
  })

  it('gives credentials to the registry, not to where it has uploads sent (security 47)', async () => {
    const given: (string | undefined)[] = []
    const storage = await startServer(async (request, response) => {
      given.push(request.headers.authorization)
      await request.toArray()
      response.writeHead(201).end()
    })
    const front = await startServer((request, response) => {
      if (request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic' }).end()
      else if (request.method === 'HEAD') response.writeHead(404).end()
      else response.writeHead(202, { location: `${storage.url}/upload?state=1` }).end()
    })
    const known = open({ credentials: async () => ({ kind: 'basic', ...account }) })
    expect(await known.uploadBlob(parseReference(`${front.host}/a`), randomBlob(10))).toBe('uploaded')
    expect(given).toEqual([undefined])
    await Promise.all([known.close(), storage.stop(), front.stop()])
  })

  describe('with tokens', () => {
    let tokens: TokenServer
    let bearer: TestRegistry
    beforeAll(async () => {
      tokens = await startTokenServer()
      bearer = await startRegistry({ token: { realm: `${tokens.url}/token`, certificateFile: tokens.certificateFile } })
    })
    afterAll(async () => {
      await bearer?.stop()
      await tokens?.stop()
    })

    it('asks for one token to push, one more to mount', async () => {
      const before = tokens.asked.length
      const known = open({ credentials: async () => ({ kind: 'basic', ...account }) })
      const blob = randomBlob(1000)
      expect(await known.uploadBlob(parseReference(`${bearer.host}/a`), blob)).toBe('uploaded')
      expect(await known.uploadBlob(parseReference(`${bearer.host}/a`), randomBlob(1000))).toBe('uploaded')
      // The registry names what it wants in any order.
      const scopes = () =>
        tokens.asked
          .slice(before)
          .map(({ query }) => query.getAll('scope').map((s) => s.replace('push,pull', 'pull,push')))
      expect(scopes()).toEqual([['repository:a:pull,push']])
      expect(await known.uploadBlob(parseReference(`${bearer.host}/b`), blob, { mountFrom: ['a'] })).toBe('mounted')
      expect(scopes().at(-1)).toEqual(['repository:b:pull,push', 'repository:a:pull'])
      await known.close()
    })

    it('says who may not push, and how to log in', async () => {
      const anonymous = open()
      await expect(
        anonymous.uploadBlob(parseReference(`${bearer.host}/public/a`), randomBlob(10)),
      ).rejects.toMatchObject({
        code: 'registry-denied',
        message: expect.stringContaining(`${bearer.host} denied the push to public/a`),
        hint: expect.stringContaining(`longshore login ${bearer.host}`),
      })
      await anonymous.close()
    })
  })
})
