import { ToolError } from '../base/index.ts'
import type { HttpAnswer } from '../http/index.ts'

/** The error for an answer that brings no file. `shown` is the address as messages show it. */
export function statusError({ status, url }: HttpAnswer, shown: string): ToolError {
  const details = { host: url.host, status }
  if (status === 404 || status === 410) {
    const hint = 'check the address: open it in a browser, or with curl'
    return new ToolError('remote-not-found', `cannot fetch ${shown}: ${url.host} has no such file (${status})`, {
      hint,
      details,
    })
  }
  if (status === 401 || status === 403) {
    const hint = 'check the address; a user and password can stand in it: https://USER:PASSWORD@HOST/…'
    return new ToolError('remote-denied', `cannot fetch ${shown}: ${url.host} denied it (${status})`, { hint, details })
  }
  const hint = status === 429 ? 'wait a while' : 'try again later; the fault is on the side of the server'
  return new ToolError('remote-failed', `cannot fetch ${shown}: ${url.host} answered ${status}`, { hint, details })
}

/** Gives the errors of the HTTP room the codes of this one; anything else stays what it is. */
export function asRemoteError(error: unknown, shown: string): unknown {
  if (!(error instanceof ToolError)) return error
  const { hint, details } = error
  const options = { details, cause: error, ...(hint === undefined ? {} : { hint }) }
  if (error.code === 'registry-unreachable') {
    return new ToolError('remote-unreachable', `cannot fetch ${shown}: ${error.message}`, options)
  }
  if (error.code !== 'registry-failed') return error
  return new ToolError('remote-failed', `cannot fetch ${shown}: ${error.message}`, {
    ...options,
    hint: 'check the address; the server or a proxy before it is set up wrongly, or is not what it seems',
  })
}

/** What came is not what the Dockerfile says must come. */
export function checksumMismatch(shown: string, wanted: string, found: string): ToolError {
  return new ToolError('checksum-mismatch', `${shown} has the checksum ${found}, but --checksum wants ${wanted}`, {
    hint: 'if the new content is meant, correct --checksum; else somebody changed what is behind the address',
    details: { wanted, found },
  })
}
