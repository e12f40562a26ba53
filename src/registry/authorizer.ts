import { ToolError } from '../base/index.ts'
import { orCanceled, type RetryOptions, type Transport } from '../http/index.ts'
import { type Access, accessKey, scopesFor } from './access.ts'
import type { Challenge } from './challenge.ts'
import { basicHeader, type CredentialLookup, type Credentials } from './credentials.ts'
import type { Purpose } from './failure.ts'
import { realmObjection } from './hosts.ts'
import { fetchToken, type TokenRequest } from './token.ts'

export interface AuthorizerOptions {
  readonly registry: string
  readonly transport: Transport
  readonly credentials: CredentialLookup
  /** Whether the certificate of a URL must be valid. */
  readonly verify: (url: URL) => boolean
  readonly retry: RetryOptions
}

interface Grant {
  readonly header: string
  /** Milliseconds since the epoch; undefined means for good. */
  readonly expiresAt: number | undefined
}

/**
 * Answers the challenges of one registry: keeps what it was granted by repository, and asks again when that has run
 * out. Its headers are for the registry's own origin only; the caller sees to that (security 47).
 */
export class Authorizer {
  readonly #options: AuthorizerOptions
  readonly #grants = new Map<string, Grant>()
  readonly #credentials = new Map<string, Promise<Credentials | undefined>>()
  readonly #pending = new Map<string, Promise<Grant>>()

  constructor(options: AuthorizerOptions) {
    this.#options = options
  }

  /** The Authorization header to send without being asked, if any was granted before. */
  current(access: Access): string | undefined {
    const grant = this.#grants.get(accessKey(access))
    if (grant === undefined) return undefined
    return grant.expiresAt === undefined || grant.expiresAt > Date.now() ? grant.header : undefined
  }

  /**
   * The header that answers a 401, or undefined when there is nothing (new) to answer with. `refused` is the header
   * the challenge came for. Throws `ToolError` `registry-denied` or `registry-failed` when the token server says no.
   */
  async answer(
    challenges: readonly Challenge[],
    access: Access,
    refused: string | undefined,
    registryUrl: URL,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const known = this.current(access)
    // Another request was granted something newer in the meantime.
    if (known !== undefined && known !== refused) return known
    this.#grants.delete(accessKey(access))
    const credentials = await this.#credentialsFor(access.repository)
    const grant = await this.#grant(challenges, credentials, access, registryUrl, signal)
    if (grant === undefined || grant.header === refused) return undefined
    this.#grants.set(accessKey(access), grant)
    return grant.header
  }

  /** Why credentials that should exist were not used, for the message of a refusal. */
  async note(repository: string): Promise<string | undefined> {
    const credentials = await this.#credentials.get(repository)
    return credentials?.kind === 'unavailable' ? credentials.reason : undefined
  }

  #credentialsFor(repository: string): Promise<Credentials | undefined> {
    const known = this.#credentials.get(repository)
    if (known !== undefined) return known
    const looking = this.#options.credentials(this.#options.registry, repository)
    this.#credentials.set(repository, looking)
    return looking
  }

  async #grant(
    challenges: readonly Challenge[],
    credentials: Credentials | undefined,
    access: Access,
    registryUrl: URL,
    signal: AbortSignal | undefined,
  ): Promise<Grant | undefined> {
    if (credentials?.kind === 'registry-token') return { header: `Bearer ${credentials.token}`, expiresAt: undefined }
    const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.has('realm'))
    if (bearer !== undefined) {
      const request = tokenRequest(bearer, credentials, access, registryUrl)
      const purpose = access.repository === '' ? 'login' : access.push ? 'push' : 'pull'
      return this.#token(request, purpose, registryUrl, signal)
    }
    if (!challenges.some(({ scheme }) => scheme === 'basic') || credentials?.kind !== 'basic') return undefined
    return { header: basicHeader(credentials.username, credentials.password), expiresAt: undefined }
  }

  /** One token request at a time for the same thing: the layers of an image ask together, and one may be canceled. */
  #token(request: TokenRequest, purpose: Purpose, registryUrl: URL, signal: AbortSignal | undefined): Promise<Grant> {
    const { registry, transport, verify, retry } = this.#options
    const key = `${request.realm.href} ${request.service ?? ''} ${request.scopes.join(' ')}`
    const pending = this.#pending.get(key)
    if (pending !== undefined) return orCanceled(pending, signal)
    const asking = fetchToken(request, { purpose, registry, transport, verify, registryUrl, retry })
      .then(({ token, expiresAt }): Grant => ({ header: `Bearer ${token}`, expiresAt }))
      .finally(() => this.#pending.delete(key))
    this.#pending.set(key, asking)
    return orCanceled(asking, signal)
  }
}

function tokenRequest(
  challenge: Challenge,
  credentials: Credentials | undefined,
  access: Access,
  registryUrl: URL,
): TokenRequest {
  const text = challenge.parameters.get('realm') ?? ''
  const realm = URL.canParse(text, registryUrl.href) ? new URL(text, registryUrl) : undefined
  const objection = realm === undefined ? 'it is not a URL' : realmObjection(realm, registryUrl)
  if (realm === undefined || objection !== undefined) {
    throw new ToolError(
      'registry-denied',
      `${registryUrl.host} wants its clients to log in at a place that is refused: ${objection}`,
      {
        hint: 'the registry is set up wrongly, or is not what it seems; its administrator has to correct the token realm',
        details: { host: registryUrl.host, realmHost: realm?.host ?? '' },
      },
    )
  }
  const service = challenge.parameters.get('service')
  return {
    realm,
    scopes: scopesFor(access, challenge.parameters.get('scope')),
    ...(service === undefined ? {} : { service }),
    ...(credentials === undefined ? {} : { credentials }),
  }
}
