import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/base/index.ts'
import { openTransport } from '../../src/http/index.ts'
import type { CacheBlob, CachePlace } from '../../src/ports/index.ts'
import { openGhaPlace } from '../../src/remote-cache/gha-place.ts'
import { openS3Place, type S3Address } from '../../src/remote-cache/s3-place.ts'
import { type ActionsCache, startActionsCache } from '../support/actions-cache.ts'
import { startServer } from '../support/registry.ts'
import { type S3Server, startS3Server } from '../support/s3-server.ts'

let s3: S3Server
let actions: ActionsCache
beforeAll(async () => {
  ;[s3, actions] = await Promise.all([startS3Server(), startActionsCache()])
})
afterAll(() => Promise.all([s3.stop(), actions.stop()]))

const transport = () => openTransport({ userAgent: 'test', ca: [], proxy: {}, idleTimeoutMs: 5000 })
const bucket = (more: Partial<S3Address> = {}): S3Address => {
  const { url, accessKeyId, secretAccessKey } = s3
  const place = { bucket: 'cache', region: 'us-east-1', endpointUrl: url, pathStyle: true, name: 'main' } as const
  const prefixes = { prefix: 'a team/', blobsPrefix: 'blobs/', manifestsPrefix: 'manifests/' }
  return { ...place, ...prefixes, credentials: { accessKeyId, secretAccessKey }, ...more }
}
const job = (more = {}) => ({ url: actions.url, token: actions.token, scope: 'main', ...more })
const places: Readonly<Record<string, (name: string) => CachePlace>> = {
  s3: (name) => openS3Place(bucket({ name }), transport()),
  gha: (scope) => openGhaPlace(job({ scope }), transport()),
}
const { signal } = new AbortController()
const entry = 'ab'.repeat(32)

function blobOf(text: string, opened: string[] = []): CacheBlob {
  const bytes = Buffer.from(text)
  async function* open(): AsyncGenerator<Uint8Array> {
    opened.push(text)
    yield bytes.subarray(0, 3)
    yield bytes.subarray(3)
  }
  return { descriptor: { mediaType: 'x/y', digest: digestOf(bytes), size: bytes.length }, open }
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString()
}

describe.each(Object.keys(places))('%s', (type) => {
  const open = (name: string): CachePlace => {
    const place = places[type]?.(name)
    if (place === undefined) throw new Error(type)
    return place
  }

  test('what is written is read by others; entries are apart by name, blobs are not, and none is sent twice', async () => {
    const [main, same, other] = [open('main'), open('main'), open('other')]
    expect(await main.readEntry(entry, signal)).toBeUndefined()
    const opened: string[] = []
    const blob = blobOf(`a blob for ${type}`, opened)
    for (const place of [main, same, other]) await place.writeBlob(blob, { signal, onProgress: () => undefined })
    expect(opened).toHaveLength(1)
    expect(await textOf(other.readBlob(blob.descriptor, signal))).toBe(`a blob for ${type}`)
    await main.writeEntry(entry, Buffer.from('{}'), signal)
    expect(Buffer.from((await same.readEntry(entry, signal)) ?? []).toString()).toBe('{}')
    expect(await other.readEntry(entry, signal)).toBeUndefined()
    await expect(textOf(main.readBlob(blobOf('not there').descriptor, signal))).rejects.toMatchObject({
      code: expect.stringMatching(/^registry-/),
    })
    await Promise.all([main, same, other].map((place) => place.close()))
  })

  test('four writers of one entry at once', async () => {
    const writers = [1, 2, 3, 4].map(() => open('many'))
    const blob = blobOf(`of four ${type}`)
    await Promise.all(writers.map((place) => place.writeBlob(blob, { signal, onProgress: () => undefined })))
    await Promise.all(writers.map((place) => place.writeEntry(entry, Buffer.from('{"one":1}'), signal)))
    expect(Buffer.from((await open('many').readEntry(entry, signal)) ?? []).toString()).toBe('{"one":1}')
    await Promise.all(writers.map((place) => place.close()))
  })
})

test('wrong credentials are denied, and no message has them', async () => {
  const wrong = { accessKeyId: 'nobody', secretAccessKey: 'geheim' }
  const denied = openS3Place(bucket({ credentials: wrong }), transport()).writeEntry(entry, Buffer.from('x'), signal)
  await expect(denied).rejects.toMatchObject({
    code: 'registry-denied',
    message: expect.not.stringContaining('geheim'),
  })
  const place = openGhaPlace(job({ token: 'geheim' }), transport())
  await expect(place.readEntry(entry, signal)).rejects.toMatchObject({ message: expect.stringContaining('no token') })
})

test('the job token goes to the service and nowhere else', () => {
  const ofBlobs = actions.seen.filter(({ url }) => url.startsWith('/blob'))
  expect(ofBlobs.length).toBeGreaterThan(4)
  expect(ofBlobs.filter(({ headers }) => headers.authorization !== undefined)).toEqual([])
})

/** AWS signature version 4 of a request, reckoned from its description (docs.aws.amazon.com, "Signature calculations"). */
function signatureOf(request: IncomingMessage, secret: string): string {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const [, scope = '', names = ''] =
    /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(request.headers.authorization ?? '') ?? []
  const headers = names.split(';').map((name) => `${name}:${request.headers[name]}\n`)
  const content = `${request.headers['x-amz-content-sha256']}`
  const canonical = [request.method, request.url, '', headers.join(''), names, content].join('\n')
  const text = ['AWS4-HMAC-SHA256', `${request.headers['x-amz-date']}`, scope, sha256(canonical)].join('\n')
  const key = scope.split('/').reduce<string | Buffer>((before, part) => hmac(before, part), `AWS4${secret}`)
  return hmac(key, text).toString('hex')
}

test('requests are signed, and say the digest of what they bring', async () => {
  const seen: { right: boolean; digest: string | string[] | undefined }[] = []
  const server = await startServer((request, response) => {
    const right = request.headers.authorization?.endsWith(`Signature=${signatureOf(request, 'SECRET')}`) === true
    seen.push({ right, digest: request.headers['x-amz-content-sha256'] })
    request.resume().once('end', () => response.writeHead(request.method === 'HEAD' ? 404 : 200).end())
  })
  const credentials = { accessKeyId: 'KEY', secretAccessKey: 'SECRET', sessionToken: 'SESSION' }
  const place = openS3Place(bucket({ endpointUrl: server.url, credentials }), transport())
  const blob = blobOf('signed')
  await place.writeBlob(blob, { signal, onProgress: () => undefined })
  await place.readEntry(entry, signal)
  expect(seen.map(({ right }) => right)).toEqual([true, true, true])
  expect(seen.map(({ digest }) => `sha256:${digest}`)).toEqual([digestOf(''), blob.descriptor.digest, digestOf('')])
  await place.close()
  await server.stop()
})

test('a server that fails is a ToolError that names its host', async () => {
  const broken = await startServer((_, response) => void response.writeHead(500).end('<Message>out of order</Message>'))
  const place = openS3Place(bucket({ endpointUrl: broken.url }), transport())
  await expect(place.readEntry(entry, signal)).rejects.toMatchObject({
    code: 'registry-failed',
    message: expect.stringMatching(/127\.0\.0\.1:\d+ answered 500.*out of order/),
  })
  await place.close()
  await broken.stop()
})

test('without path style the bucket is in the host name', async () => {
  const hosts: (string | undefined)[] = []
  const server = await startServer((request, response) => {
    hosts.push(request.headers.host, request.url)
    response.writeHead(404).end()
  })
  const endpointUrl = server.url.replace('127.0.0.1', 'localhost')
  const place = openS3Place(bucket({ endpointUrl, pathStyle: false, bucket: 'cache' }), transport())
  // Whether cache.localhost resolves is the machine's.
  await place.readEntry(entry, signal).catch(() => undefined)
  if (hosts.length > 0)
    expect(hosts).toEqual([`cache.${new URL(endpointUrl).host}`, `/a%20team/manifests/main/${entry}`])
  await place.close()
  await server.stop()
})
