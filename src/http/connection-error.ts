import { errnoCode, errorMessage, sanitizeForTerminal, ToolError } from '../base/index.ts'

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
    return 'put the CA certificate behind it into /etc/containers/certs.d/HOST or ~/.config/containers/certs.d/HOST as ca.crt, or set NODE_EXTRA_CA_CERTS to its file'
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
