import { ToolError } from '../base/index.ts'
import {
  followRedirects,
  type HttpAnswer,
  type RetryOptions,
  readLimited,
  type Transport,
  withRetries,
} from '../http/index.ts'
import { type Decoder, decodeJson, fieldsOf, integer, text } from '../oci/index.ts'
import { basicHeader, type Credentials } from './credentials.ts'
import { type Purpose, statusError } from './failure.ts'
import { realmObjection } from './hosts.ts'

/** What to ask a token server for (distribution's token authentication specification). */
export interface TokenRequest {
  readonly realm: URL
  readonly service?: string
  readonly scopes: readonly string[]
  readonly credentials?: Credentials
}

export interface Token {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export interface TokenExchange {
  /** What the token is for, to be said when it is refused. */
  readonly purpose: Purpose
  readonly registry: string
  readonly transport: Transport
  readonly verify: (url: URL) => boolean
  readonly registryUrl: URL
  readonly retry: RetryOptions
}

const maxTokenBytes = 1024 * 1024
/** Tokens live for at least this long, whatever the server says; also the default without `expires_in`. */
const minLifetimeSeconds = 60
/** A token is not used in its last seconds, so that it does not run out on the way. */
const marginSeconds = 5

/** Fetches a bearer token. Throws `ToolError` `registry-denied`, `registry-failed` or `registry-unreachable`. */
export async function fetchToken(request: TokenRequest, exchange: TokenExchange): Promise<Token> {
  const answer = await withRetries(exchange.retry, undefined, () => ask(request, exchange))
  if (answer.status !== 200) {
    const note = request.credentials?.kind === 'unavailable' ? { credentialNote: request.credentials.reason } : {}
    throw await statusError(answer, {
      what: `${request.scopes.length === 0 ? 'login' : `token to ${describe(request.scopes)}`} at ${exchange.registryUrl.host}`,
      registry: exchange.registry,
      purpose: exchange.purpose,
      ...note,
    })
  }
  const bytes = await readLimited(answer, maxTokenBytes)
  const hint = 'the token server of the registry is set up wrongly'
  const { token, lifetimeSeconds } = decodeJson(bytes, `token from ${answer.url.host}`, decodeToken, hint)
  return { token, expiresAt: Date.now() + (lifetimeSeconds - marginSeconds) * 1000 }
}

function describe(scopes: readonly string[]): string {
  return scopes.map((scope) => scope.replace(/^repository:(.*):([a-z,*]+)$/, '$2 $1')).join(', ')
}

function ask({ realm, service, scopes, credentials }: TokenRequest, exchange: TokenExchange): Promise<HttpAnswer> {
  const { transport, verify, registryUrl } = exchange
  const policy = { verify, objection: (to: URL) => realmObjection(to, registryUrl), maxRedirects: 10 }
  if (credentials?.kind === 'identity-token') {
    const fields = { grant_type: 'refresh_token', refresh_token: credentials.token, client_id: 'longshore' }
    const form = new URLSearchParams({
      ...fields,
      scope: scopes.join(' '),
      ...(service === undefined ? {} : { service }),
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    // A refresh token is as good as a password: it goes to the realm itself and follows no redirect.
    return followRedirects(
      transport,
      { url: realm, method: 'POST', headers, body: form.toString() },
      { ...policy, maxRedirects: 0 },
    )
  }
  const url = new URL(realm)
  if (service !== undefined) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', scope)
  if (credentials?.kind !== 'basic') return followRedirects(transport, { url, headers: {} }, policy)
  url.searchParams.set('account', credentials.username)
  const authorization = basicHeader(credentials.username, credentials.password)
  return followRedirects(transport, { url, headers: {}, authorization }, policy)
}

const decodeToken: Decoder<{ readonly token: string; readonly lifetimeSeconds: number }> = (value, place) => {
  const fields = fieldsOf(value, place)
  const token = fields.optional('token', text) || fields.optional('access_token', text)
  if (!token || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ToolError(
      'registry-failed',
      `the ${place.document} holds no usable token`,
      place.hint === undefined ? {} : { hint: place.hint },
    )
  }
  return { token, lifetimeSeconds: Math.max(minLifetimeSeconds, fields.optional('expires_in', integer) ?? 0) }
}
