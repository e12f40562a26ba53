import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { digestOf } from '../../src/base/index.ts'
import {
  type Descriptor,
  encodeManifest,
  mediaTypes,
  parsePlatform,
  parseReference,
  type Reference,
} from '../../src/oci/index.ts'
import { openRegistry, type RegistryClient } from '../../src/registry/index.ts'
import { LayoutWriter, makeTar, pushLayout } from '../support/oci-image.ts'
import {
  account,
  type FaultyProxy,
  missingRegistryParts,
  startFaultyProxy,
  startRegistry,
  startServer,
  type TestRegistry,
} from '../support/registry.ts'

const skip = missingRegistryParts()
const amd64 = parsePlatform('linux/amd64')
const blob = randomBytes(3 * 1024 * 1024)
const layer: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf(blob), size: blob.byteLength }

describe.skipIf(skip !== undefined)(`a registry that misbehaves${skip ? ` (${skip})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-layout-'))
  let registry: TestRegistry
  let proxy: FaultyProxy
  let client: RegistryClient
  let reference: Reference
  let image: Descriptor
  let requests: string[]

  beforeAll(async () => {
    const layout = new LayoutWriter(folder)
    const tar = await makeTar({ data: blob })
    image = layout.addImage(amd64, [{ tar, compression: 'none' }])
    layout.finish({ a: image })
    registry = await startRegistry()
    proxy = await startFaultyProxy(registry.url)
    await pushLayout(folder, 'a', `${registry.host}/a:1`)
    reference = parseReference(`${proxy.host}/a:1`)
  })
  beforeEach(() => {
    requests = []
    client = openRegistry({ userAgent: 'longshore-test', retry: { retries: 3, baseDelayMs: 1, maxDelayMs: 2000 } })
    return () => client.close()
  })
  afterAll(async () => {
    await proxy?.stop()
    await registry?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Answers every request by `answer`, which gets the number of the request, from 0. */
  const misbehave = (answer: (n: number, request: IncomingMessage, response: ServerResponse) => boolean) => {
    proxy.interfere = (request, response) =>
      answer(requests.push(`${request.url} ${request.headers.range ?? ''}`.trim()) - 1, request, response)
  }
  const fetch = async (descriptor = layer, signal?: AbortSignal) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of client.fetchBlob(reference, descriptor, signal === undefined ? {} : { signal }))
      chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  /** Sends `body` as the blob, honouring Range, and breaks the connection after `cutAt` bytes of the answer. */
  const serve = (
    request: IncomingMessage,
    response: ServerResponse,
    { cutAt = Number.POSITIVE_INFINITY, ranges = true, body = blob } = {},
  ) => {
    const from = ranges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
    const part = body.subarray(from)
    const range = from > 0 ? { 'content-range': `bytes ${from}-${body.byteLength - 1}/${body.byteLength}` } : {}
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': part.byteLength, ...range })
    if (cutAt >= part.byteLength) response.end(part)
    else response.write(part.subarray(0, cutAt), () => response.socket?.destroy())
    return true
  }

  describe('for a moment', () => {
    it.each([429, 500, 502, 503, 504])('%d is tried again', async (status) => {
      misbehave((n, _, response) => n < 3 && Boolean(response.writeHead(status).end()))
      expect((await client.resolveImage(reference, amd64)).digest).toBe(image.digest)
      expect(requests).toHaveLength(3 + 2)
    })

    it('a reset connection is tried again', async () => {
      misbehave((n, request) => n === 1 && Boolean(request.socket.resetAndDestroy()))
      await client.resolveImage(reference, amd64)
      expect((await client.resolveImage(reference, amd64)).digest).toBe(image.digest)
      expect(requests).toHaveLength(5)
    })

    it('waits as long as Retry-After says', async () => {
      misbehave((n, _, response) => n === 0 && Boolean(response.writeHead(429, { 'retry-after': '1' }).end()))
      const started = performance.now()
      await client.resolveImage(reference, amd64)
      expect(performance.now() - started).toBeGreaterThanOrEqual(990)
    })

    it('is told apart from what will not pass: 404, 403 and 400 are asked once', async () => {
      for (const [status, code] of [
        [404, 'registry-not-found'],
        [403, 'registry-denied'],
        [400, 'registry-failed'],
      ] as const) {
        requests = []
        misbehave((_, __, response) =>
          Boolean(response.writeHead(status).end('{"errors":[{"message":"no\\u001b[31m"}]}')),
        )
        await expect(client.resolveImage(reference, amd64)).rejects.toMatchObject({
          code,
          message: expect.stringMatching(/: no\\x1b\[31m$/),
        })
        expect(requests).toHaveLength(1)
      }
    })

    it('gives up after the retries', async () => {
      misbehave((_, __, response) => Boolean(response.writeHead(503).end('<html>')))
      await expect(client.resolveImage(reference, amd64)).rejects.toMatchObject({
        code: 'registry-failed',
        message: `${proxy.host} answered 503 for the manifest of ${proxy.host}/a:1`,
      })
      expect(requests).toHaveLength(4)
    })
  })

  describe('in the middle of a blob', () => {
    it('the transfer goes on where it broke', async () => {
      misbehave((n, request, response) => serve(request, response, n < 2 ? { cutAt: 700_000 } : {}))
      expect((await fetch()).equals(blob)).toBe(true)
      expect(requests[0]).not.toContain('bytes=')
      expect(requests.slice(1)).toEqual([expect.stringMatching(/bytes=\d+-$/), expect.stringMatching(/bytes=\d+-$/)])
    })

    it('more breaks than retries are fine as long as it moves', async () => {
      const small = openRegistry({ userAgent: 'longshore-test', retry: { retries: 1, baseDelayMs: 1 } })
      misbehave((_, request, response) => serve(request, response, { cutAt: 1_200_000 }))
      const chunks: Uint8Array[] = []
      for await (const chunk of small.fetchBlob(reference, layer)) chunks.push(chunk)
      await small.close()
      expect(Buffer.concat(chunks).equals(blob)).toBe(true)
    })

    it('a server without ranges starts anew, and the stream does not', async () => {
      misbehave((n, request, response) => serve(request, response, n === 0 ? { cutAt: 700_000 } : { ranges: false }))
      expect((await fetch()).equals(blob)).toBe(true)
      expect(requests).toHaveLength(2)
    })

    it('a range that is not the one asked for is refused', async () => {
      misbehave((n, request, response) => {
        if (n === 0) return serve(request, response, { cutAt: 700_000 })
        response
          .writeHead(206, { 'content-range': `bytes 5-${blob.byteLength - 1}/${blob.byteLength}` })
          .end(blob.subarray(5))
        return true
      })
      await expect(fetch()).rejects.toMatchObject({ code: 'blob-mismatch' })
    })

    it('one that always breaks at the same place fails, by name', async () => {
      misbehave((_, request, response) => {
        if (request.headers.range !== undefined) return Boolean(response.socket?.resetAndDestroy())
        return serve(request, response, { cutAt: 700_000 })
      })
      await expect(fetch()).rejects.toMatchObject({
        code: 'registry-unreachable',
        message: expect.stringContaining(proxy.host),
      })
    })
  })

  describe('with wrong content', () => {
    it('other bytes of the right size (security 53)', async () => {
      misbehave((_, request, response) =>
        serve(request, response, { body: Buffer.concat([blob.subarray(1), Buffer.from('x')]) }),
      )
      await expect(fetch()).rejects.toMatchObject({
        code: 'blob-mismatch',
        message: expect.stringContaining('has the digest sha256:'),
      })
      expect(requests).toHaveLength(1)
    })

    it('a length that is not the blob’s', async () => {
      misbehave((_, request, response) => serve(request, response, { body: blob.subarray(1) }))
      await expect(fetch()).rejects.toMatchObject({
        code: 'blob-mismatch',
        message: expect.stringContaining(`announced with ${blob.byteLength - 1} bytes`),
      })
    })

    it('too few bytes without a length', async () => {
      misbehave((_, request, response) => {
        if (request.headers.range !== undefined) return Boolean(response.writeHead(416).end())
        response.writeHead(200)
        return Boolean(response.end(blob.subarray(0, 1000)))
      })
      await expect(fetch()).rejects.toMatchObject({
        code: 'blob-mismatch',
        message: expect.stringContaining(`ended after 1000 of ${blob.byteLength}`),
      })
    })

    it('more bytes than named, without a length', async () => {
      misbehave((_, __, response) =>
        Boolean(response.writeHead(200) && response.end(Buffer.concat([blob, Buffer.from('more')]))),
      )
      await expect(fetch()).rejects.toMatchObject({
        code: 'blob-mismatch',
        message: expect.stringContaining('is longer than'),
      })
    })

    it('a manifest that is not what its digest says (security 53)', async () => {
      misbehave(
        (_, request, response) =>
          request.url?.includes('/manifests/') === true &&
          Boolean(response.writeHead(200, { 'content-type': mediaTypes.ociManifest }).end('{"schemaVersion":2}')),
      )
      reference = parseReference(`${proxy.host}/a@${image.digest}`)
      await expect(client.resolveImage(reference, amd64)).rejects.toMatchObject({
        code: 'blob-mismatch',
        message: expect.stringContaining(image.digest),
      })
      reference = parseReference(`${proxy.host}/a:1`)
    })

    it('a manifest larger than any (security 52)', async () => {
      misbehave((_, __, response) => Boolean(response.writeHead(200).end(Buffer.alloc(5 * 1024 * 1024, ' '))))
      await expect(client.resolveImage(reference, amd64)).rejects.toMatchObject({
        code: 'registry-failed',
        message: expect.stringContaining('more than 4194304 bytes'),
      })
    })

    const respondWith = (document: Uint8Array, contentType: string) =>
      misbehave(
        (_, request, response) =>
          request.url?.includes('/manifests/') === true &&
          Boolean(response.writeHead(200, { 'content-type': contentType }).end(document)),
      )
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { ...layer, mediaType: mediaTypes.ociConfig },
      layers: [layer],
    } as const

    it('a Content-Type that disagrees with the document (security 51)', async () => {
      respondWith(encodeManifest(manifest), mediaTypes.ociIndex)
      await expect(client.resolveImage(reference, amd64)).rejects.toMatchObject({
        code: 'invalid-document',
        message: expect.stringContaining('announced as'),
      })
    })

    it('foreign layers, whose addresses are never visited (security 46)', async () => {
      respondWith(
        encodeManifest({ ...manifest, layers: [{ ...layer, urls: [`${proxy.url}/foreign`] }] }),
        mediaTypes.ociManifest,
      )
      await expect(client.resolveImage(reference, amd64)).rejects.toMatchObject({
        code: 'not-supported',
        message: expect.stringContaining('outside the registry'),
      })
      expect(requests.some((url) => url.includes('foreign'))).toBe(false)
    })

    it('a thing that is no image', async () => {
      respondWith(
        encodeManifest({ ...manifest, config: { ...layer, mediaType: 'application/vnd.cncf.helm.config.v1+json' } }),
        mediaTypes.ociManifest,
      )
      await expect(client.resolveImage(reference, amd64)).rejects.toMatchObject({
        code: 'not-supported',
        message: expect.stringContaining('helm'),
      })
    })
  })

  describe('with redirects', () => {
    it('are followed, and Authorization stays at home (security 47)', async () => {
      const store = await startServer((request, response) => {
        expect(request.headers.authorization).toBeUndefined()
        seen.push(request.headers)
        response.end(blob)
      })
      const seen: IncomingMessage['headers'][] = []
      const sent: (string | undefined)[] = []
      misbehave((_, request, response) => {
        sent.push(request.headers.authorization)
        if (request.headers.authorization === undefined)
          response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
        else response.writeHead(307, { location: `${store.url}/blob?signature=secret` }).end()
        return true
      })
      const known = openRegistry({
        userAgent: 'longshore-test',
        credentials: async () => ({ kind: 'basic', ...account }),
      })
      const chunks: Uint8Array[] = []
      for await (const chunk of known.fetchBlob(reference, layer)) chunks.push(chunk)
      await known.close()
      await store.stop()
      expect(Buffer.concat(chunks).equals(blob)).toBe(true)
      expect(sent).toEqual([undefined, expect.stringContaining('Basic ')])
      expect(seen).toHaveLength(1)
      expect(seen[0]).not.toHaveProperty('authorization')
    })

    it('a challenge from where they lead gets no credentials', async () => {
      const asked: (string | undefined)[] = []
      const store = await startServer((request, response) => {
        asked.push(request.headers.authorization)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      })
      misbehave((_, __, response) => Boolean(response.writeHead(302, { location: store.url }).end()))
      const known = openRegistry({
        userAgent: 'longshore-test',
        credentials: async () => ({ kind: 'basic', ...account }),
      })
      await expect(known.resolveImage(reference, amd64)).rejects.toMatchObject({ code: 'registry-denied' })
      await known.close()
      await store.stop()
      expect(asked).toEqual([undefined])
    })

    it('without end are refused', async () => {
      misbehave((_, __, response) => Boolean(response.writeHead(302, { location: '/v2/a/manifests/1' }).end()))
      await expect(client.resolveImage(reference, amd64)).rejects.toMatchObject({
        code: 'registry-failed',
        message: expect.stringContaining('too many'),
      })
      expect(requests).toHaveLength(11)
    })

    it('to where clouds keep their credentials are refused (security 48)', async () => {
      misbehave((_, __, response) =>
        Boolean(response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end()),
      )
      await expect(client.resolveImage(reference, amd64)).rejects.toMatchObject({
        code: 'registry-failed',
        message: expect.stringContaining('link-local'),
      })
    })
  })

  describe('when canceled', () => {
    it('a transfer ends at once', async () => {
      const controller = new AbortController()
      misbehave((_, __, response) => {
        response.writeHead(200, { 'content-length': blob.byteLength })
        response.write(blob.subarray(0, 1000), () => controller.abort())
        return true
      })
      await expect(fetch(layer, controller.signal)).rejects.toMatchObject({ code: 'canceled' })
    })

    it('so does a wait between retries', async () => {
      const controller = new AbortController()
      misbehave((_, __, response) => {
        response.writeHead(429, { 'retry-after': '60' }).end(() => controller.abort())
        return true
      })
      const slow = openRegistry({ userAgent: 'longshore-test' })
      await expect(slow.resolveImage(reference, amd64, controller.signal)).rejects.toMatchObject({ code: 'canceled' })
      await slow.close()
    })
  })
})
