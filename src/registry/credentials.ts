/** How to prove who we are to a registry. */
export type Credentials =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, to be exchanged at the token server. */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A bearer token to be sent as it is. */
  | { readonly kind: 'registry-token'; readonly token: string }
  /** There should be credentials, but they could not be had: we go on without, and say `reason` if that is refused. */
  | { readonly kind: 'unavailable'; readonly reason: string }

/** Finds the credentials for `repository` at `registry` (`docker.io`, `host[:port]`); undefined means anonymous. */
export type CredentialLookup = (registry: string, repository: string) => Promise<Credentials | undefined>

/** An `Authorization: Basic` header (RFC 7617). */
export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}
