import { assertNever, redactUrl, sanitizeForTerminal, ToolError } from '../base/index.ts'
import { type HttpAnswer, readLimited } from '../http/index.ts'
import { defaultRegistry } from '../oci/index.ts'

export type Purpose = 'pull' | 'push' | 'login'

/** What was asked, for messages: `manifest of alpine:3.20`, and what to say when credentials failed. */
export interface Asked {
  readonly what: string
  /** As references name it: `docker.io`, `host[:port]`. */
  readonly registry: string
  readonly credentialNote?: string
  /** What it was for; a pull when absent. */
  readonly purpose?: Purpose
}

/** Turns a response that is no success into a `ToolError` that names host and request, with the registry's own words. */
export async function statusError(answer: HttpAnswer, asked: Asked): Promise<ToolError> {
  const { status, url } = answer
  const words = await registryWords(answer)
  const said = words === '' ? '' : `: ${words}`
  const details = { host: url.host, status, url: redactUrl(url.href) }
  if (status === 401 || status === 403) {
    const note = asked.credentialNote === undefined ? '' : ` (${asked.credentialNote})`
    const login = asked.registry === defaultRegistry ? 'longshore login' : `longshore login ${asked.registry}`
    const hint = deniedHint(asked.purpose ?? 'pull', `${login}${note}`)
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

function deniedHint(purpose: Purpose, login: string): string {
  switch (purpose) {
    case 'login':
      return 'check the user name and the password; many registries want an access token instead of the password'
    case 'push':
      return `log in with an account that may push there: ${login}`
    case 'pull':
      return `check the name; if the image is private, log in with an account that may pull it: ${login}`
    default:
      return assertNever(purpose)
  }
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
