import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Descriptor, parsePlatform, parseReference } from '../../src/oci/index.ts'
import { certificatesFor, openRegistry, type RegistryOptions } from '../../src/registry/index.ts'
import { LayoutWriter, makeTar, pushLayout } from '../support/oci-image.ts'
import { missingRegistryParts, startRegistry, startServer, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const skip = missingRegistryParts()
const amd64 = parsePlatform('linux/amd64')

describe.skipIf(skip !== undefined)(`mirrors and certificates${skip ? ` (${skip})` : ''}`, () => {
  const folder = makeTemporaryDirectory()
  let registry: TestRegistry
  let secure: TestRegistry
  let image: Descriptor
  beforeAll(async () => {
    const layout = new LayoutWriter(join(folder, 'layout'))
    image = layout.addImage(amd64, [{ tar: await makeTar({ a: 'a' }), compression: 'gzip' }])
    layout.finish({ a: image })
    ;[registry, secure] = await Promise.all([startRegistry(), startRegistry({ tls: true })])
    await pushLayout(layout.folder, 'a', `${registry.host}/hub/library/a:1`)
    await pushLayout(layout.folder, 'a', `${secure.host}/a:1`)
  })
  afterAll(async () => {
    await Promise.all([registry?.stop(), secure?.stop()])
    removeDirectory(folder)
  })
  const open = (options: Partial<RegistryOptions>) =>
    openRegistry({ userAgent: 'longshore-test', retry: { retries: 0, baseDelayMs: 1 }, ...options })

  it('pulls from the first place that has the image, its blobs too', async () => {
    const broken = await startServer((_, response) => {
      response.writeHead(500).end()
    })
    const reference = parseReference('a:1')
    const route = (text: string) => ({ reference: parseReference(text), insecure: false })
    const routes = () => [route(`${broken.host}/x:1`), route(`${registry.host}/hub/library/a:1`), route('a:1')]
    const client = open({ routes })
    const found = await client.resolveImage(reference, amd64)
    expect(found.digest).toBe(image.digest)
    let bytes = 0
    for await (const chunk of client.fetchBlob(reference, found.manifest.config)) bytes += chunk.length
    expect(bytes).toBe(found.manifest.config.size)
    await Promise.all([client.close(), broken.stop()])
  })

  it('says what the last place said when none has it', async () => {
    const routes = () =>
      ['x:1', 'y:1'].map((name) => ({ reference: parseReference(`${registry.host}/${name}`), insecure: false }))
    const client = open({ routes })
    await expect(client.resolveImage(parseReference('a:1'), amd64)).rejects.toMatchObject({
      code: 'registry-not-found',
      message: expect.stringContaining('y:1'),
    })
    await client.close()
  })

  it('trusts the authorities of a folder for its host, and only there', async () => {
    const certs = join(folder, '.config/containers/certs.d', secure.host)
    mkdirSync(certs, { recursive: true })
    writeFileSync(join(certs, 'ca.crt'), secure.ca ?? '')
    const trusting = open({ trust: (host) => certificatesFor(host, folder, undefined) })
    expect((await trusting.resolveImage(parseReference(`${secure.host}/a:1`), amd64)).digest).toBe(image.digest)
    const elsewhere = `localhost:${secure.host.split(':')[1]}/a:1`
    await expect(trusting.resolveImage(parseReference(elsewhere), amd64)).rejects.toMatchObject({
      code: 'registry-unreachable',
      hint: expect.stringContaining('certs.d'),
    })
    await trusting.close()
  })

  it('reads a client certificate with its key, and misses the key', () => {
    const own = join(folder, 'own')
    mkdirSync(own)
    const subject = ['-subj', '/CN=me', '-keyout', join(own, 'me.key'), '-out', join(own, 'me.cert')]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'pipe' })
    expect(certificatesFor('any', folder, own)?.identity?.key).toContain('PRIVATE KEY')
    const bare = join(folder, 'bare')
    mkdirSync(bare)
    copyFileSync(join(own, 'me.cert'), join(bare, 'me.cert'))
    expect(() => certificatesFor('any', folder, bare)).toThrow('has no key beside it')
    expect(() => certificatesFor('any', folder, join(folder, 'nothing'))).toThrow('cannot read the certificates')
  })
})
