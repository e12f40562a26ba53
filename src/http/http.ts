import type { Readable } from 'node:stream'

export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What a request carries: bytes, which can be sent again, or a stream, which can be sent once. */
export type HttpBody = string | Uint8Array | AsyncIterable<Uint8Array>

/** One HTTP request as it goes over the wire. */
export interface HttpRequest {
  readonly url: URL
  /** GET when absent. */
  readonly method?: HttpMethod
  readonly headers: Readonly<Record<string, string>>
  readonly body?: HttpBody
  /** Whether the server's certificate must be valid. */
  readonly verify: boolean
  readonly signal: AbortSignal | undefined
}

/** A response whose body has not been read. Read it to its end, or destroy it. */
export interface HttpAnswer {
  readonly url: URL
  readonly status: number
  header(name: string): string | undefined
  readonly body: Readable
}

/** What is trusted of one host besides the usual, and who we are there. PEM. */
export interface HostTrust {
  readonly ca: readonly string[]
  readonly identity?: { readonly cert: string; readonly key: string }
}

/** Sends single HTTP requests: TLS, proxies and timeouts; no redirects, no retries, no credentials of its own. */
export interface Transport {
  /** Throws `ToolError` `registry-unreachable` when there is no answer, `canceled` when the signal fired. */
  send(request: HttpRequest): Promise<HttpAnswer>
  close(): Promise<void>
}
