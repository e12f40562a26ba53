import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'

/** A registry on loopback, each repository of which fails in its own way; see `answers`. */
export interface FaultyRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string
  stop(): Promise<void>
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'

const digest = (bytes: string | Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const layer = gzipSync('this is no tar archive'.repeat(30))
const config = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  config: {},
  rootfs: { type: 'layers', diff_ids: [digest('x')] },
})
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: manifestType,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest(config), size: config.length },
  layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digest(layer), size: layer.length }],
})
const foreign = JSON.stringify({
  schemaVersion: 2,
  mediaType: indexType,
  manifests: ['s390x', 'riscv64'].map((architecture) => ({
    mediaType: manifestType,
    digest: digest(architecture),
    size: 3,
    platform: { os: 'linux', architecture },
  })),
})

type Answer = (response: ServerResponse, path: string) => unknown

const refusal =
  (status: number, code: string, message: string): Answer =>
  (response) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ errors: [{ code, message }] }))
const document =
  (type: string, body: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    response.writeHead(200, { 'content-type': type, ...headers }).end(body)

const answers: Readonly<Record<string, Answer>> = {
  private: refusal(403, 'DENIED', 'requested access to the resource is denied'),
  gone: refusal(404, 'MANIFEST_UNKNOWN', 'manifest unknown'),
  limited: (response) => response.writeHead(429, { 'retry-after': '0' }).end(),
  foreign: document(indexType, foreign),
  broken: document(manifestType, '{"schemaVersion":2,"config":5}'),
  tampered: document(manifestType, manifest, { 'docker-content-digest': digest('something else') }),
  damaged: (response, path) =>
    path.startsWith('manifests/')
      ? document(manifestType, manifest)(response, path)
      : response.end(path.endsWith(digest(config)) ? config : layer),
}

/** Starts it on a free port of 127.0.0.1. */
export async function startFaultyRegistry(): Promise<FaultyRegistry> {
  const server = createServer((request, response) => {
    const [, repository = '', path = ''] = /^\/v2\/([^/]+)\/(.*)$/.exec(request.url ?? '') ?? []
    const answer = answers[repository]
    if (answer !== undefined) answer(response, path)
    else response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return { host: `127.0.0.1:${address.port}`, stop }
}
