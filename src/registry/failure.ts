import { errnoCode, errorMessage, redactUrl, sanitizeForTerminal, ToolError } from '../base/index.ts'
import { defaultRegistry } from '../oci/index.ts'
import { readLimited } from './body.ts'
import type { HttpAnswer } from './http.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name could not be resolved',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no network',
  ETIMEDOUT: 'the connection timed out',
  EPIPE: 'the connection was closed',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'it did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'it stopped sending',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'it sent less or more than it announced',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  EPROTO: 'the TLS handshake failed',
}

const passing = new Set([
  'EAI_AGAIN',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
])

/** Whether an error is OpenSSL's or Node's judgement of a certificate. */
function isCertificateError(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|HOSTNAME_MISMATCH|UND_ERR_PRX_TLS/.test(code)
}

/** Translates what a request or a body threw into a `ToolError`: `canceled`, or `registry-unreachable` that names the host. */
export function connectionError(error: unknown, url: URL, signal: AbortSignal | undefined): ToolError {
  if (error instanceof ToolError) return error
  if (signal?.aborted === true) return new ToolError('canceled', 'the transfer was canceled', { cause: error })
  const code = errnoCode(error) ?? ''
  const reason = reasons[code] ?? sanitizeForTerminal(errorMessage(error))
  const certificate = isCertificateError(code)
  const message = certificate
    ? `the certificate of ${url.host} is not trusted: ${reason}`
    : `cannot reach ${url.host}: ${reason}`
  return new ToolError('registry-unreachable', message, {
    cause: error,
    hint: unreachableHint(code, certificate),
    details: { host: url.host, errno: code },
  })
}

function unreachableHint(code: string, certificate: boolean): string {
  if (certificate) {
    return "set NODE_EXTRA_CA_CERTS to a file with the registry's CA certificate"
  }
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return 'the registry seems to speak plain http, which is taken from this machine (localhost) only: reach it by https'
  }
  return 'check the name, the network, and HTTP_PROXY, HTTPS_PROXY and NO_PROXY'
}

/** Whether a failed connection may work when tried again. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof ToolError && error.code === 'registry-unreachable' && passing.has(String(error.details['errno']))
  )
}

/** Whether the other end may be a server that speaks plain HTTP: anything but a judgement about its certificate. */
export function mayBePlainHttp(error: unknown): boolean {
  return (
    error instanceof ToolError &&
    error.code === 'registry-unreachable' &&
    !isCertificateError(String(error.details['errno']))
  )
}

/** What was asked, for messages: `manifest of alpine:3.20`, and what to say when credentials failed. */
export interface Asked {
  readonly what: string
  /** As references name it: `docker.io`, `host[:port]`. */
  readonly registry: string
  readonly credentialNote?: string
}

/** Turns a response that is no success into a `ToolError` that names host and request, with the registry's own words. */
export async function statusError(answer: HttpAnswer, asked: Asked): Promise<ToolError> {
  const { status, url } = answer
  const words = await registryWords(answer)
  const said = words === '' ? '' : `: ${words}`
  const details = { host: url.host, status, url: redactUrl(url.href) }
  if (status === 401 || status === 403) {
    const note = asked.credentialNote === undefined ? '' : ` (${asked.credentialNote})`
    const login = asked.registry === defaultRegistry ? 'docker login' : `docker login ${asked.registry}`
    const hint = `check the name; if the image is private, log in with an account that may pull it: ${login}${note}`
    return new ToolError('registry-denied', `${url.host} denied the ${asked.what}${said}`, { hint, details })
  }
  if (status === 404) {
    const hint = 'check the name and the tag'
    return new ToolError('registry-not-found', `${url.host} does not have the ${asked.what}${said}`, { hint, details })
  }
  const hint =
    status === 429
      ? 'wait a while, or log in: registries allow more to known users'
      : 'try again later; the fault is on the side of the registry'
  return new ToolError('registry-failed', `${url.host} answered ${status} for the ${asked.what}${said}`, {
    hint,
    details,
  })
}

const maxErrorBytes = 64 * 1024

/** The messages of a distribution-spec error body, made safe to print; empty when there are none. */
async function registryWords(answer: HttpAnswer): Promise<string> {
  let document: unknown
  try {
    document = JSON.parse(new TextDecoder().decode(await readLimited(answer, maxErrorBytes)))
  } catch {
    // An error page that is not JSON, too long or cut off says nothing that the status does not.
    return ''
  }
  if (typeof document !== 'object' || document === null || !('errors' in document) || !Array.isArray(document.errors))
    return ''
  const messages = document.errors.flatMap((item: unknown) =>
    typeof item === 'object' && item !== null && 'message' in item && typeof item.message === 'string'
      ? [item.message]
      : [],
  )
  return sanitizeForTerminal(messages.join('; ').slice(0, 300))
}
