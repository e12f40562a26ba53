import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Descriptor, parsePlatform, parseReference } from '../../src/oci/index.ts'
import { type Credentials, openRegistry, type RegistryOptions } from '../../src/registry/index.ts'
import { LayoutWriter, makeTar, pushLayout } from '../support/oci-image.ts'
import {
  account,
  missingRegistryParts,
  startFaultyProxy,
  startRegistry,
  startServer,
  startTokenServer,
  type TestRegistry,
  type TokenServer,
} from '../support/registry.ts'

const skip = missingRegistryParts()
const amd64 = parsePlatform('linux/amd64')
const login = `${account.username}:${account.password}`

async function withClient<T>(
  options: Partial<RegistryOptions>,
  use: (client: ReturnType<typeof openRegistry>) => Promise<T>,
): Promise<T> {
  const client = openRegistry({ userAgent: 'longshore-test', retry: { retries: 1, baseDelayMs: 1 }, ...options })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

const resolve = (text: string, credentials?: Credentials, options: Partial<RegistryOptions> = {}) =>
  withClient({ ...options, ...(credentials === undefined ? {} : { credentials: async () => credentials }) }, (client) =>
    client.resolveImage(parseReference(text), amd64),
  )

describe.skipIf(skip !== undefined)(`authorization${skip ? ` (${skip})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-layout-'))
  let image: Descriptor
  let basic: TestRegistry
  let secure: TestRegistry
  let tokens: TokenServer
  let bearer: TestRegistry

  beforeAll(async () => {
    const layout = new LayoutWriter(folder)
    image = layout.addImage(amd64, [{ tar: await makeTar({ a: 'a' }), compression: 'gzip' }])
    layout.finish({ a: image })
    tokens = await startTokenServer()
    ;[basic, secure, bearer] = await Promise.all([
      startRegistry({ basic: true }),
      startRegistry({ tls: true }),
      startRegistry({ token: { realm: `${tokens.url}/token`, certificateFile: tokens.certificateFile } }),
    ])
    await pushLayout(folder, 'a', `${basic.host}/a:1`, login)
    await pushLayout(folder, 'a', `${secure.host}/a:1`)
    await pushLayout(folder, 'a', `${bearer.host}/public/a:1`, login)
    await pushLayout(folder, 'a', `${bearer.host}/private/a:1`, login)
  })

  afterAll(async () => {
    await Promise.all([basic?.stop(), secure?.stop(), bearer?.stop()])
    await tokens?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  describe('basic', () => {
    it('sends the account when asked for it', async () => {
      expect((await resolve(`${basic.host}/a:1`, { kind: 'basic', ...account })).digest).toBe(image.digest)
    })

    it('says that it was denied, and where to log in', async () => {
      const denied = {
        code: 'registry-denied',
        message: expect.stringContaining(`${basic.host} denied the manifest of ${basic.host}/a:1`),
        hint: expect.stringContaining(`longshore login ${basic.host}`),
      }
      await expect(resolve(`${basic.host}/a:1`)).rejects.toMatchObject(denied)
      await expect(
        resolve(`${basic.host}/a:1`, { kind: 'basic', username: 'tester', password: 'wrong' }),
      ).rejects.toMatchObject(denied)
    })

    it('says why credentials could not be used', async () => {
      const reason = 'the credential helper "desktop" is not installed'
      await expect(resolve(`${basic.host}/a:1`, { kind: 'unavailable', reason })).rejects.toMatchObject({
        hint: expect.stringContaining(reason),
      })
    })
  })

  describe('bearer', () => {
    it('pulls anonymously what is public', async () => {
      expect((await resolve(`${bearer.host}/public/a:1`)).digest).toBe(image.digest)
    })

    it('pulls with account and with refresh token what is private', async () => {
      expect((await resolve(`${bearer.host}/private/a:1`, { kind: 'basic', ...account })).digest).toBe(image.digest)
      expect(
        (await resolve(`${bearer.host}/private/a:1`, { kind: 'identity-token', token: 'refresh-secret' })).digest,
      ).toBe(image.digest)
      const asked = tokens.asked.at(-1)
      expect(asked?.method).toBe('POST')
      expect(asked?.form.get('grant_type')).toBe('refresh_token')
      expect(asked?.query.has('refresh_token')).toBe(false)
    })

    it('is denied with nothing or with the wrong password', async () => {
      await expect(resolve(`${bearer.host}/private/a:1`)).rejects.toMatchObject({ code: 'registry-denied' })
      await expect(
        resolve(`${bearer.host}/private/a:1`, { kind: 'basic', username: 'tester', password: 'wrong' }),
      ).rejects.toMatchObject({
        code: 'registry-denied',
        message: expect.stringMatching(/denied the token to pull private\/a at .*: wrong password/),
      })
    })

    it('asks for one token for a repository, also when layers come in parallel', async () => {
      const before = tokens.asked.length
      await withClient({}, async (client) => {
        const reference = parseReference(`${bearer.host}/public/a:1`)
        const { manifest } = await client.resolveImage(reference, amd64)
        const drain = async () => {
          for await (const _ of client.fetchBlob(reference, manifest.config));
        }
        await Promise.all([drain(), drain(), client.resolveImage(reference, amd64)])
      })
      expect(tokens.asked.length - before).toBe(1)
      expect(tokens.asked.at(-1)?.query.getAll('scope')).toEqual(['repository:public/a:pull'])
      expect(tokens.asked.at(-1)?.query.get('service')).toBe('test')
    })

    it('gets a new token when the old one is refused', async () => {
      const proxy = await startFaultyProxy(bearer.url)
      const before = tokens.asked.length
      let refuse = false
      proxy.interfere = (request, response) => {
        if (!refuse || request.headers.authorization === undefined) return false
        refuse = false
        response
          .writeHead(401, {
            'www-authenticate': `Bearer realm="${tokens.url}/token",service="test",error="invalid_token"`,
          })
          .end()
        return true
      }
      await withClient({}, async (client) => {
        const reference = parseReference(`${proxy.host}/public/a:1`)
        await client.resolveImage(reference, amd64)
        refuse = true
        expect((await client.resolveImage(reference, amd64)).digest).toBe(image.digest)
      })
      expect(tokens.asked.length - before).toBe(2)
      await proxy.stop()
    })

    it('never sends credentials to a realm that is not allowed (security 48)', async () => {
      const visited: string[] = []
      const trap = await startServer((request, response) => {
        visited.push(request.url ?? '')
        response.end('{"token":"x"}')
      })
      const registry = await startServer((_, response) => {
        const realm = trap.url.replace('127.0.0.1', '10.0.0.1')
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end()
      })
      await expect(resolve(`${registry.host}/a`, { kind: 'basic', ...account })).rejects.toMatchObject({
        code: 'registry-denied',
        message: expect.stringContaining('private network'),
      })
      expect(visited).toEqual([])
      await Promise.all([trap.stop(), registry.stop()])
    })
  })

  describe('TLS', () => {
    it('refuses an unknown certificate, with a hint, and does not try plain http then (security 57)', async () => {
      await expect(resolve(`${secure.host}/a:1`)).rejects.toMatchObject({
        code: 'registry-unreachable',
        message: expect.stringContaining(`the certificate of ${secure.host} is not trusted`),
        hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      })
    })

    it('accepts a certificate it is told of, or any when told so', async () => {
      expect((await resolve(`${secure.host}/a:1`, undefined, { ca: [secure.ca ?? ''] })).digest).toBe(image.digest)
      expect(
        (await resolve(`localhost:${secure.host.split(':')[1]}/a:1`, undefined, { ca: [secure.ca ?? ''] })).digest,
      ).toBe(image.digest)
      expect((await resolve(`${secure.host}/a:1`, undefined, { tlsVerify: false })).digest).toBe(image.digest)
    })
  })

  describe('proxies', () => {
    it('sends requests for other hosts through the proxy, and those of NO_PROXY not', async () => {
      const proxy = await startServer((request, response) => {
        response.setHeader('content-type', 'text/plain')
        response.writeHead(404).end(`seen ${request.url}`)
      })
      const options = { plainHttpHosts: ['registry.invalid:80'], proxy: { http: proxy.url } }
      await expect(resolve('registry.invalid:80/a', undefined, options)).rejects.toMatchObject({
        code: 'registry-not-found',
      })
      await expect(
        resolve('registry.invalid:80/a', undefined, { ...options, proxy: { http: proxy.url, no: 'registry.invalid' } }),
      ).rejects.toMatchObject({ code: 'registry-unreachable' })
      await proxy.stop()
    })

    it('goes to this machine directly, whatever the proxy', async () => {
      const options = { proxy: { http: 'http://127.0.0.1:1', https: 'http://127.0.0.1:1' } }
      expect((await resolve(`${bearer.host}/public/a:1`, undefined, options)).digest).toBe(image.digest)
    })
  })
})
