import { sanitizeLine, ToolError } from '../base/index.ts'
import {
  connectionError,
  type HttpAnswer,
  type HttpRequest,
  readLimited,
  type Transport,
  withRetries,
} from '../http/index.ts'

/** One request of a cache that is reached by HTTP. */
export type CacheRequest = Pick<HttpRequest, 'method' | 'headers'> & {
  readonly url: URL
  /** A stream is opened anew for each attempt. */
  readonly body?: string | Uint8Array | (() => AsyncIterable<Uint8Array>)
  readonly signal: AbortSignal
}

/** A cache that has to be asked often saves no time. */
const retry = { retries: 1, baseDelayMs: 200, maxDelayMs: 1_000 }

/** Sends a request; what may pass is tried once more. Gives the answer, whatever its status. Throws as the transport does. */
export function sendRequest(transport: Transport, request: CacheRequest): Promise<HttpAnswer> {
  const { url, method, headers, body, signal } = request
  return withRetries(retry, signal, () =>
    transport.send({
      url,
      headers,
      verify: true,
      signal,
      ...(method === undefined ? {} : { method }),
      ...(body === undefined ? {} : { body: typeof body === 'function' ? body() : body }),
    }),
  )
}

/** The bytes of an answer's body. Throws `ToolError` as the transport does. */
export async function* bodyOf(answer: HttpAnswer, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer.body) {
      const bytes: Uint8Array = chunk
      yield bytes
    }
  } catch (error) {
    throw connectionError(error, answer.url, signal)
  } finally {
    answer.body.destroy()
  }
}

const maxErrorBytes = 16 * 1024

/** The `ToolError` for an answer that is no success: its host and status, and what the server says; never its URL, which may be signed. */
export async function requestFailure(answer: HttpAnswer, what: string): Promise<ToolError> {
  const { status, url } = answer
  const text = await readLimited(answer, maxErrorBytes).then(
    (bytes) => Buffer.from(bytes).toString('utf8'),
    () => '',
  )
  const words = /<Message>([^<]*)<\/Message>|"msg"\s*:\s*"([^"]*)"/.exec(text)
  const said = sanitizeLine(words?.[1] ?? words?.[2] ?? '').slice(0, 200)
  const isDenied = status === 401 || status === 403
  const message = `${url.host} ${isDenied ? 'denied' : `answered ${status} for`} ${what}${said === '' ? '' : `: ${said}`}`
  return new ToolError(isDenied ? 'registry-denied' : 'registry-failed', message, {
    hint: isDenied ? 'check the credentials and what they allow' : 'the fault is on the side of the cache',
    details: { host: url.host, status },
  })
}
