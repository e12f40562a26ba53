import type { ToolError } from '../base/index.ts'
import {
  bareHostname,
  discard,
  followRedirects,
  type HttpAnswer,
  isLoopback,
  mayBePlainHttp,
  type RetryOptions,
  redirectObjection,
  type Transport,
  withRetries,
} from '../http/index.ts'
import { Authorizer } from './authorizer.ts'
import { parseChallenges } from './challenge.ts'
import type { CredentialLookup } from './credentials.ts'
import { statusError } from './failure.ts'
import { apiHost, hostnameOf } from './hosts.ts'

export interface ConnectionOptions {
  readonly transport: Transport
  readonly credentials: CredentialLookup
  readonly tlsVerify: boolean
  readonly plainHttpHosts: readonly string[]
  readonly retry: RetryOptions
}

/** A GET below `/v2/REPOSITORY/`. */
export interface RegistryRequest {
  readonly repository: string
  /** What follows the repository: `manifests/latest`, `blobs/sha256:…`. */
  readonly resource: string
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

  /** Sends a GET and gives the answer, success or not, after retries. Throws `ToolError` as the transport does. */
  get(request: RegistryRequest): Promise<HttpAnswer> {
    return withRetries(this.retry, request.signal, () => this.#authorized(request))
  }

  /** The `ToolError` for an answer that is no success. `what` completes "denied the …". */
  async failure(answer: HttpAnswer, what: string, repository: string): Promise<ToolError> {
    const credentialNote = await this.#authorizer.note(repository)
    return statusError(answer, {
      what,
      registry: this.registry,
      ...(credentialNote === undefined ? {} : { credentialNote }),
    })
  }

  async #authorized(request: RegistryRequest): Promise<HttpAnswer> {
    let authorization = this.#authorizer.current(request.repository)
    for (let round = 0; ; round++) {
      const { answer, origin } = await this.#reach(request, authorization)
      // A challenge from where a redirect led is not the registry's: it gets nothing.
      if (answer.status !== 401 || round >= maxChallenges || answer.url.origin !== origin.origin) return answer
      const next = await this.#answerChallenge(answer, request, authorization, origin)
      if (next === undefined) return answer
      await discard(answer)
      authorization = next
    }
  }

  async #answerChallenge(
    answer: HttpAnswer,
    { repository, signal }: RegistryRequest,
    refused: string | undefined,
    origin: URL,
  ): Promise<string | undefined> {
    try {
      const challenges = parseChallenges(answer.header('www-authenticate') ?? '')
      return await this.#authorizer.answer(challenges, repository, refused, origin, signal)
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
    const url = new URL(`/v2/${request.repository}/${request.resource}`, origin)
    const { headers, signal } = request
    return followRedirects(
      this.#options.transport,
      {
        url,
        headers,
        ...(authorization === undefined ? {} : { authorization }),
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
