import { ToolError } from '../base/index.ts'
import { discard } from './body.ts'
import type { HttpAnswer, HttpBody, HttpMethod, Transport } from './http.ts'

export interface RedirectedRequest {
  readonly url: URL
  /** GET when absent. Any but GET and HEAD follows 307 and 308 only, and none at all with a stream for a body. */
  readonly method?: HttpMethod
  readonly headers: Readonly<Record<string, string>>
  /** Sent to the origin of `url` only, never to another that a redirect leads to (security 47). */
  readonly authorization?: string
  readonly body?: HttpBody
  readonly signal?: AbortSignal
}

export interface RedirectPolicy {
  readonly verify: (url: URL) => boolean
  /** Why a redirect is refused; undefined when it is allowed. */
  readonly objection: (to: URL, from: URL) => string | undefined
  readonly maxRedirects: number
}

const redirectStatuses = new Set([301, 302, 303, 307, 308])

/** Sends a request and follows redirects by `policy`. Throws `ToolError` `registry-failed` when one is refused. */
export async function followRedirects(
  transport: Transport,
  request: RedirectedRequest,
  policy: RedirectPolicy,
): Promise<HttpAnswer> {
  let url = request.url
  for (let hops = 0; ; hops++) {
    const authorization = url.origin === request.url.origin ? request.authorization : undefined
    const answer = await transport.send({
      url,
      headers: authorization === undefined ? request.headers : { ...request.headers, authorization },
      verify: policy.verify(url),
      signal: request.signal,
      ...(request.method === undefined ? {} : { method: request.method }),
      ...(request.body === undefined ? {} : { body: request.body }),
    })
    const location = answer.header('location')
    if (location === undefined || !mayFollow(request, answer.status)) return answer
    await discard(answer)
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined
    const objection =
      hops >= policy.maxRedirects
        ? 'there are too many'
        : next === undefined
          ? 'it is not a URL'
          : policy.objection(next, url)
    if (next === undefined || objection !== undefined) throw refused(url, next, objection)
    url = next
  }
}

function mayFollow({ method = 'GET', body }: RedirectedRequest, status: number): boolean {
  if (method === 'GET' || method === 'HEAD') return redirectStatuses.has(status)
  const replayable = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  return replayable && (status === 307 || status === 308)
}

function refused(from: URL, to: URL | undefined, objection: string | undefined): ToolError {
  const target = to === undefined ? '' : ` to ${to.host}`
  return new ToolError('registry-failed', `a redirect of ${from.host}${target} is refused: ${objection}`, {
    hint: 'the registry or a proxy before it is set up wrongly, or is not what it seems',
    details: { host: from.host },
  })
}
