import { Readable } from 'node:stream'
import { createSecureContext, rootCertificates } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici'
import { connectionError } from './connection-error.ts'
import { isLoopback } from './hosts.ts'
import type { HostTrust, HttpBody, Transport } from './http.ts'
import { offlineTransport } from './offline.ts'

/** Proxy settings with the meaning of HTTP_PROXY, HTTPS_PROXY and NO_PROXY; absent means direct. */
export interface ProxySettings {
  readonly http?: string
  readonly https?: string
  readonly no?: string
}

export interface TransportOptions {
  readonly userAgent: string
  /** PEM certificates trusted besides Node's own. */
  readonly ca: readonly string[]
  /** What is trusted of a host (`host[:port]` of a URL) besides. */
  readonly trust?: (host: string) => HostTrust | undefined
  readonly proxy: ProxySettings
  /** Longest wait for response headers, and between two pieces of a body. */
  readonly idleTimeoutMs: number
  /** Nothing is sent: see `offlineTransport`. */
  readonly offline?: boolean
}

const connectTimeoutMs = 15_000

/** Opens a transport; connections are made on need and kept alive until `close`. */
export function openTransport(options: TransportOptions): Transport {
  if (options.offline === true) return offlineTransport()
  const dispatchers = new Map<string, Dispatcher>()
  const trusts = new Map<string, HostTrust | undefined>()
  const trustOf = (host: string): HostTrust | undefined => {
    if (!trusts.has(host)) trusts.set(host, options.trust?.(host))
    return trusts.get(host)
  }
  const dispatcherFor = (url: URL, verify: boolean): Dispatcher => {
    const proxied = !isLoopback(url.hostname) && (url.protocol === 'https:' ? options.proxy.https : options.proxy.http)
    const trust = url.protocol === 'https:' ? trustOf(url.host) : undefined
    const key = `${proxied ? 'proxy' : 'direct'} ${verify}${trust === undefined ? '' : ` ${url.host}`}`
    const known = dispatchers.get(key)
    if (known !== undefined) return known
    const made = makeDispatcher(options, Boolean(proxied), verify, trust)
    dispatchers.set(key, made)
    return made
  }
  return {
    send: async ({ url, method = 'GET', headers, body, verify, signal }) => {
      try {
        const response = await request(url, {
          dispatcher: dispatcherFor(url, verify),
          method,
          headers: { 'user-agent': options.userAgent, ...headers },
          headersTimeout: options.idleTimeoutMs,
          bodyTimeout: options.idleTimeoutMs,
          ...(body === undefined ? {} : { body: requestBody(body) }),
          ...(signal === undefined ? {} : { signal }),
        })
        // A body that is given up or breaks before anyone reads it emits an error that would end the process;
        // a reader gets the same error through its own iteration.
        response.body.on('error', () => {})
        return { url, status: response.statusCode, header: headerOf(response.headers), body: response.body }
      } catch (error) {
        throw connectionError(error, url, signal)
      }
    },
    close: async () => {
      await Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.destroy()))
    },
  }
}

function requestBody(body: HttpBody): string | Uint8Array | Readable {
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  const stream = Readable.from(body, { objectMode: false })
  // A request that is given up destroys its body with an error that would end the process; whoever sent it is told anyway.
  stream.on('error', () => {})
  return stream
}

function headerOf(headers: Dispatcher.ResponseData['headers']): (name: string) => string | undefined {
  return (name) => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
}

function makeDispatcher(
  options: TransportOptions,
  proxied: boolean,
  verify: boolean,
  hostTrust: HostTrust | undefined,
): Dispatcher {
  // One context for all connections: parsing the 150 root certificates anew for each costs tens of milliseconds.
  const ca = [...options.ca, ...(hostTrust?.ca ?? [])]
  const context = { ...(ca.length === 0 ? {} : { ca: [...rootCertificates, ...ca] }), ...hostTrust?.identity }
  const trust = Object.keys(context).length === 0 ? {} : { secureContext: createSecureContext(context) }
  const connect = { ...trust, rejectUnauthorized: verify, timeout: connectTimeoutMs }
  // HTTP/1.1: one connection per transfer, so that one lost connection breaks one layer, not all.
  if (!proxied) return new Agent({ connect, allowH2: false })
  return new EnvHttpProxyAgent({
    connect,
    allowH2: false,
    requestTls: connect,
    proxyTls: { ...trust, timeout: connectTimeoutMs },
    // undici would look into the environment for what is left undefined.
    httpProxy: options.proxy.http ?? '',
    httpsProxy: options.proxy.https ?? '',
    noProxy: options.proxy.no ?? '',
  })
}

/** The proxy settings of an environment; lower-case names win, as in curl. */
export function proxyFromEnvironment(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const http = env['http_proxy'] || env['HTTP_PROXY']
  const https = env['https_proxy'] || env['HTTPS_PROXY']
  const no = env['no_proxy'] || env['NO_PROXY']
  return { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(no ? { no } : {}) }
}
