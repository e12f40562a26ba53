import { bareHostname, isLoopback, isPrivateAddress } from '../http/index.ts'
import { defaultRegistry } from '../oci/index.ts'

const hubHost = 'registry-1.docker.io'

/** The host and port that serve a registry: its own name, but for Docker Hub. */
export function apiHost(registry: string): string {
  return registry === defaultRegistry ? hubHost : registry
}

/** The hostname of `host[:port]`. */
export function hostnameOf(host: string): string {
  return bareHostname(host.replace(/:[0-9]+$/, ''))
}

/**
 * Why a registry at `registry` may not send its clients, with their credentials, to a token server at `realm`;
 * undefined when it may (security 48).
 */
export function realmObjection(realm: URL, registry: URL): string | undefined {
  if (realm.username !== '' || realm.password !== '') return 'it holds a user name or password'
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && registry.protocol === 'http:'))
    return 'it is not https'
  if (bareHostname(realm.hostname) === bareHostname(registry.hostname)) return undefined
  if (isLoopback(realm.hostname) && isLoopback(registry.hostname)) return undefined
  if (isLoopback(realm.hostname) || isPrivateAddress(realm.hostname)) return 'it points into a private network'
  return undefined
}
