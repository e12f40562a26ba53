import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { listenOnLoopback } from './loopback.ts'

/** What a path of a web server gives: bytes with the usual headers, or an answer of its own. */
export type Page =
  | string
  | Uint8Array
  | { readonly body: string | Uint8Array; readonly etag?: string; readonly modified?: string }
  | ((request: IncomingMessage, response: ServerResponse) => void)

/** A web server of a test on a free loopback port. */
export interface WebServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  /** By path, without the query. */
  readonly pages: Map<string, Page>
  /** `METHOD PATH STATUS` of every request, in order of their answers. */
  readonly log: string[]
  /** Headers of the requests. */
  readonly requests: IncomingMessage[]
}

/** Starts a server that knows ETag, If-None-Match, Last-Modified and If-Modified-Since; it ends with the test. */
export async function startWebServer(): Promise<WebServer> {
  const pages = new Map<string, Page>()
  const log: string[] = []
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    response.once('close', () => log.push(`${request.method} ${request.url} ${response.statusCode}`))
    const page = pages.get(new URL(request.url ?? '/', 'http://x').pathname)
    if (page === undefined) response.writeHead(404).end('no such page')
    else if (typeof page === 'function') page(request, response)
    else if (typeof page === 'string' || page instanceof Uint8Array) response.end(page)
    else sendPage(request, response, page)
  })
  const port = await listenOnLoopback(server)
  onTestFinished(
    () =>
      new Promise<void>((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  )
  return { url: `http://127.0.0.1:${port}`, pages, log, requests }
}

function sendPage(
  request: IncomingMessage,
  response: ServerResponse,
  { body, etag, modified }: Exclude<Page, string | Uint8Array | ((...args: never[]) => void)>,
): void {
  const headers = {
    ...(etag === undefined ? {} : { etag }),
    ...(modified === undefined ? {} : { 'last-modified': modified }),
  }
  const { 'if-none-match': known, 'if-modified-since': since } = request.headers
  const same = known === undefined ? since !== undefined && since === modified : known === etag
  if (same) response.writeHead(304, headers).end()
  else response.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}
