import { setTimeout as delay } from 'node:timers/promises'
import { ToolError } from '../base/index.ts'
import { discard } from './body.ts'
import { isPassing } from './connection-error.ts'
import type { HttpAnswer } from './http.ts'

export interface RetryOptions {
  /** How often a failed request is sent again. */
  readonly retries: number
  /** Wait before the first retry; doubles with each. */
  readonly baseDelayMs: number
  /** Longest wait, a server's Retry-After included. */
  readonly maxDelayMs: number
}

export const defaultRetry: RetryOptions = { retries: 3, baseDelayMs: 1000, maxDelayMs: 60_000 }

/** Statuses that may pass: too many requests, and a server or gateway in trouble. */
const passingStatuses = new Set([408, 429, 500, 502, 503, 504])

/** Whether an answer of this status may be another one when asked again. */
export function isPassingStatus(status: number): boolean {
  return passingStatuses.has(status)
}

/**
 * Sends again what failed in a way that may pass: a status of `passingStatuses` or a lost connection. Gives the last
 * answer, whatever it is, or throws the last error; a host that is not there at all is not waited for.
 */
export async function withRetries(
  options: RetryOptions,
  signal: AbortSignal | undefined,
  send: () => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  for (let attempt = 0; ; attempt++) {
    const last = attempt >= options.retries
    let retryAfter: string | undefined
    try {
      const answer = await send()
      if (last || !isPassingStatus(answer.status)) return answer
      retryAfter = answer.header('retry-after')
      await discard(answer)
    } catch (error) {
      if (last || !isPassing(error)) throw error
    }
    await pause(retryDelayMs(attempt, options, retryAfter), signal)
  }
}

/** How long to wait before retry number `attempt` (from 0): what the server asks for, else exponential; up to 25 % jitter on top. */
export function retryDelayMs(attempt: number, options: RetryOptions, retryAfter?: string): number {
  const planned = parseRetryAfter(retryAfter) ?? options.baseDelayMs * 2 ** attempt
  // More than the longest wait is not asked of the user; less than the server asks would not help.
  return Math.min(planned, options.maxDelayMs) + (Math.random() * options.baseDelayMs) / 4
}

/** Milliseconds of a Retry-After header, seconds or an HTTP date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^[0-9]+$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

function canceled(cause: unknown): ToolError {
  return new ToolError('canceled', 'the transfer was canceled', { cause })
}

/** Waits; throws `ToolError` `canceled` when the signal fires. */
export async function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(durationMs, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    throw canceled(error)
  }
}

/** What `promise` gives, or `ToolError` `canceled` as soon as the signal fires; the work behind it goes on for others. */
export function orCanceled<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(canceled(signal.reason))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
