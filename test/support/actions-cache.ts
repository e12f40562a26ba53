import { buffer } from 'node:stream/consumers'
import { type Seen, startServer, type TestServer } from './registry.ts'

/** The cache service of GitHub Actions, version 2, as far as it is used: entries by key and version, blobs at signed addresses. */
export interface ActionsCache extends TestServer {
  readonly token: string
  /** Entries that are complete, by key. */
  readonly entries: Map<string, Buffer>
  readonly seen: readonly Seen[]
}

const servicePath = '/twirp/github.actions.results.api.v1.CacheService/'

/** Starts it on a free loopback port. Entries are never changed; keys are also found by their beginning, as the real one has it. */
export async function startActionsCache(): Promise<ActionsCache> {
  const token = 'a-token-of-the-job'
  const entries = new Map<string, Buffer>()
  const uploads = new Map<string, Buffer | undefined>()
  const seen: Seen[] = []
  const server = await startServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://x')
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers })
    const body = await buffer(request)
    const json = (status: number, value: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    const key = url.searchParams.get('key') ?? ''
    if (url.pathname === '/blob') {
      if (url.searchParams.get('sig') !== 'signed' || request.headers.authorization !== undefined) return json(403, {})
      if (request.method === 'PUT') {
        if (request.headers['x-ms-blob-type'] !== 'BlockBlob') return json(400, {})
        uploads.set(key, body)
        response.writeHead(201).end()
      } else response.end(entries.get(key))
      return
    }
    if (request.headers.authorization !== `Bearer ${token}`)
      return json(401, { code: 'unauthenticated', msg: 'no token' })
    const asked = JSON.parse(body.toString())
    const signed = `${address}/blob?sig=signed&key=${encodeURIComponent(asked.key)}`
    switch (url.pathname.slice(servicePath.length)) {
      case 'CreateCacheEntry':
        // Also one that another has begun.
        if (uploads.has(asked.key)) return json(409, { code: 'already_exists', msg: 'cache entry already exists' })
        uploads.set(asked.key, undefined)
        return json(200, { ok: true, signed_upload_url: signed })
      case 'FinalizeCacheEntryUpload': {
        const upload = uploads.get(asked.key)
        if (upload === undefined || asked.size_bytes !== String(upload.length)) return json(200, { ok: false })
        entries.set(asked.key, upload)
        return json(200, { ok: true, entry_id: '1' })
      }
      case 'GetCacheEntryDownloadURL': {
        const found = [...entries.keys()].find((one) => one === asked.key || one.startsWith(asked.key))
        return json(
          200,
          found === undefined ? { ok: false } : { ok: true, signed_download_url: signed, matched_key: found },
        )
      }
      default:
        return json(404, { code: 'bad_route', msg: url.pathname })
    }
  })
  const address = server.url
  return { ...server, token, entries, seen }
}
