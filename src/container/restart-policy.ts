import { ToolError } from '../base/index.ts'
import type { RestartPolicy } from './container-spec.ts'

/** Reads `--restart`: `no`, `on-failure[:RETRIES]`, `always`, `unless-stopped`. Throws `ToolError` `usage`. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [, word, digits] = /^(no|on-failure|always|unless-stopped)(?::(\d{1,9}))?$/.exec(text) ?? []
  const name = (['no', 'on-failure', 'always', 'unless-stopped'] as const).find((known) => known === word)
  if (name !== undefined && (digits === undefined || name === 'on-failure')) {
    return { name, maximumRetries: Number(digits ?? 0) }
  }
  throw new ToolError('usage', `cannot read --restart "${text}"`, {
    hint: 'write no, on-failure, on-failure:RETRIES, always or unless-stopped',
  })
}

/** Whether a container that ended by itself is to be started again; `restarts` is how often it was. */
export function restartsAfter(policy: RestartPolicy, exitCode: number, restarts: number): boolean {
  switch (policy.name) {
    case 'no':
      return false
    case 'on-failure':
      return exitCode !== 0 && (policy.maximumRetries === 0 || restarts < policy.maximumRetries)
    case 'always':
    case 'unless-stopped':
      return true
  }
}

const firstDelayMs = 100
const longestDelayMs = 60_000
/** One that ran so long was fine: the next delay is the first again. */
const soundMs = 10_000

/** How long to wait before a start: twice as long as before, a minute at most, as docker does. */
export function restartDelayMs(previousMs: number | undefined, ranMs: number): number {
  if (previousMs === undefined || ranMs >= soundMs) return firstDelayMs
  return Math.min(previousMs * 2, longestDelayMs)
}
