/**
 * HTTP as the adapters that fetch use it: single requests with TLS, proxies and timeouts, and on top of them redirects,
 * retries and bounded bodies. Knows no registry, no credentials and no environment; loaded only when something is fetched.
 */
export { discard, readLimited } from './body.ts'
export { connectionError, isPassing, mayBePlainHttp } from './connection-error.ts'
export { bareHostname, isLoopback, isPrivateAddress, redirectObjection } from './hosts.ts'
export type { HostTrust, HttpAnswer, HttpBody, HttpMethod, HttpRequest, Transport } from './http.ts'
export { offlineError, offlineTransport } from './offline.ts'
export { followRedirects, type RedirectedRequest, type RedirectPolicy } from './redirects.ts'
export {
  defaultRetry,
  isPassingStatus,
  orCanceled,
  pause,
  type RetryOptions,
  retryDelayMs,
  withRetries,
} from './retry.ts'
export { openTransport, type ProxySettings, proxyFromEnvironment, type TransportOptions } from './transport.ts'
