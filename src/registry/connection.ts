import { ToolError } from '../base/index.ts'
import {
  bareHostname,
  discard,
  followRedirects,
  type HttpAnswer,
  type HttpBody,
  type HttpMethod,
  isLoopback,
  mayBePlainHttp,
  type RetryOptions,
  redirectObjection,
  type Transport,
  withRetries,
} from '../http/index.ts'
import type { Access } from './access.ts'
import { Authorizer } from './authorizer.ts'
import { parseChallenges } from './challenge.ts'
import type { CredentialLookup } from './credentials.ts'
import { type Purpose, statusError } from './failure.ts'
import { apiHost, hostnameOf } from './hosts.ts'

export interface ConnectionOptions {
  readonly transport: Transport
  readonly credentials: CredentialLookup
  readonly tlsVerify: boolean
  readonly plainHttpHosts: readonly string[]
  readonly retry: RetryOptions
}

/** A request below `/v2/REPOSITORY/`, or `/v2/` for an empty repository. */
export interface RegistryRequest {
  /** GET when absent. */
  readonly method?: HttpMethod
  readonly repository: string
  /** What follows the repository: `manifests/latest`, `blobs/sha256:…`; or where an answer of the registry sent us. */
  readonly resource: string | URL
  /** Whether it is part of a push, and the repository that a blob is mounted from. */
  readonly push?: boolean
  readonly mountFrom?: string
  readonly body?: HttpBody
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal | undefined
}

const maxRedirects = 10
/** One for a token that ran out, one for a scope that was too small. */
const maxChallenges = 2

/** One registry: which scheme it speaks, what it granted us; retries, redirects and challenges of its requests. */
export class RegistryConnection {
  /** `host[:port]` or `docker.io`, as references name it. */
  readonly registry: string
  readonly retry: RetryOptions
  readonly #options: ConnectionOptions
  readonly #authorizer: Authorizer
  readonly #hostname: string
  #origin: URL | undefined

  constructor(registry: string, options: ConnectionOptions) {
    const { transport, credentials, retry } = options
    this.registry = registry
    this.retry = retry
    this.#options = options
    this.#hostname = hostnameOf(apiHost(registry))
    this.#authorizer = new Authorizer({ registry, transport, credentials, verify: (url) => this.#verify(url), retry })
  }

  /**
   * Sends a request and gives the answer, success or not, after retries. A stream goes once only, and to a registry that
   * has answered before. Throws `ToolError` as the transport does.
   */
  send(request: RegistryRequest): Promise<HttpAnswer> {
    if (isStream(request.body)) return this.#authorized(request)
    return withRetries(this.retry, request.signal, () => this.#authorized(request))
  }

  /** Where an answer's Location leads. Throws `ToolError` `registry-failed` when that is refused (security 48). */
  locationOf(answer: HttpAnswer): URL {
    const text = answer.header('location') ?? ''
    const location = URL.canParse(text, answer.url.href) ? new URL(text, answer.url) : undefined
    const objection =
      location === undefined
        ? 'it is not a URL'
        : redirectObjection(location, answer.url, this.#origin ?? answer.url, !this.#options.tlsVerify)
    if (location !== undefined && objection === undefined) return location
    throw new ToolError(
      'registry-failed',
      `the place that ${answer.url.host} gives for an upload is refused: ${objection}`,
      {
        hint: 'the registry or a proxy before it is set up wrongly, or is not what it seems',
        details: { host: answer.url.host },
      },
    )
  }

  /** The `ToolError` for an answer that is no success. `what` completes "denied the …". */
  async failure(answer: HttpAnswer, what: string, repository: string, purpose: Purpose = 'pull'): Promise<ToolError> {
    const credentialNote = await this.#authorizer.note(repository)
    return statusError(answer, {
      what,
      purpose,
      registry: this.registry,
      ...(credentialNote === undefined ? {} : { credentialNote }),
    })
  }

  async #authorized(request: RegistryRequest): Promise<HttpAnswer> {
    let authorization = this.#authorizer.current(accessOf(request))
    for (let round = 0; ; round++) {
      const { answer, origin } = await this.#reach(request, authorization)
      // A challenge from where a redirect led is not the registry's: it gets nothing.
      if (answer.status !== 401 || round >= maxChallenges || answer.url.origin !== origin.origin) return answer
      if (isStream(request.body)) return answer
      const next = await this.#answerChallenge(answer, request, authorization, origin)
      if (next === undefined) return answer
      await discard(answer)
      authorization = next
    }
  }

  async #answerChallenge(
    answer: HttpAnswer,
    request: RegistryRequest,
    refused: string | undefined,
    origin: URL,
  ): Promise<string | undefined> {
    try {
      const challenges = parseChallenges(answer.header('www-authenticate') ?? '')
      return await this.#authorizer.answer(challenges, accessOf(request), refused, origin, request.signal)
    } catch (error) {
      answer.body.destroy()
      throw error
    }
  }

  /** Sends to the registry's origin; the first time, finds out whether that is https or plain http. */
  async #reach(
    request: RegistryRequest,
    authorization: string | undefined,
  ): Promise<{ readonly answer: HttpAnswer; readonly origin: URL }> {
    const [first, second] = this.#origin === undefined ? this.#candidates() : [this.#origin]
    try {
      return { answer: await this.#send(request, first, authorization), origin: this.#settle(first) }
    } catch (error) {
      if (second === undefined || !mayBePlainHttp(error)) throw error
      const answer = await this.#send(request, second, authorization)
      // A TLS server answers 400 to plain http: then it was the first that had bad luck.
      return { answer, origin: answer.status === 400 ? second : this.#settle(second) }
    }
  }

  #settle(origin: URL): URL {
    this.#origin = origin
    return origin
  }

  #candidates(): readonly [URL, URL?] {
    const host = apiHost(this.registry)
    const [https, http] = [new URL(`https://${host}/`), new URL(`http://${host}/`)]
    if (this.#options.plainHttpHosts.includes(this.registry)) return [http]
    return isLoopback(this.#hostname) || !this.#options.tlsVerify ? [https, http] : [https]
  }

  /** `tlsVerify: false` is about the registry's own host, not about where it sends us. */
  #verify(url: URL): boolean {
    return this.#options.tlsVerify || bareHostname(url.hostname) !== this.#hostname
  }

  #send(request: RegistryRequest, origin: URL, authorization: string | undefined): Promise<HttpAnswer> {
    const { resource, method, headers, body, signal } = request
    const url =
      resource instanceof URL
        ? resource
        : new URL(`/v2/${request.repository === '' ? '' : `${request.repository}/`}${resource}`, origin)
    return followRedirects(
      this.#options.transport,
      {
        url,
        headers,
        ...(method === undefined ? {} : { method }),
        ...(body === undefined ? {} : { body }),
        // An upload may be taken by another host, which gets no credentials (security 47).
        ...(authorization === undefined || url.origin !== origin.origin ? {} : { authorization }),
        ...(signal === undefined ? {} : { signal }),
      },
      {
        verify: (to) => this.#verify(to),
        objection: (to, from) => redirectObjection(to, from, origin, !this.#options.tlsVerify),
        maxRedirects,
      },
    )
  }
}

function accessOf({ repository, push = false, mountFrom }: RegistryRequest): Access {
  return { repository, push, ...(mountFrom === undefined ? {} : { mountFrom }) }
}

function isStream(body: HttpBody | undefined): boolean {
  return body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)
}
