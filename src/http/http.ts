import type { Readable } from 'node:stream'

/** One HTTP request as it goes over the wire. */
export interface HttpRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** A form to POST; absent means GET. */
  readonly form?: string
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

/** Sends single HTTP requests: TLS, proxies and timeouts; no redirects, no retries, no credentials of its own. */
export interface Transport {
  /** Throws `ToolError` `registry-unreachable` when there is no answer, `canceled` when the signal fired. */
  send(request: HttpRequest): Promise<HttpAnswer>
  close(): Promise<void>
}
