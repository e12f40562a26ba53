import type { Healthcheck } from '../oci/index.ts'
import type { HealthProbe, HealthState } from './container-state.ts'

/** Times of a health check in milliseconds, docker's defaults filled in. */
export interface HealthTimes {
  readonly intervalMs: number
  readonly timeoutMs: number
  /** From the start on, failures do not count so long. */
  readonly startPeriodMs: number
  /** Between two looks in that time. */
  readonly startIntervalMs: number
  readonly retries: number
}

export function healthTimes(check: Healthcheck): HealthTimes {
  const ms = (nanoseconds: number | undefined, usual: number): number =>
    nanoseconds === undefined || nanoseconds === 0 ? usual : Math.max(1, Math.round(nanoseconds / 1e6))
  return {
    intervalMs: ms(check.interval, 30_000),
    timeoutMs: ms(check.timeout, 30_000),
    startPeriodMs: ms(check.startPeriod, 0),
    startIntervalMs: ms(check.startInterval, 5_000),
    retries: check.retries === undefined || check.retries === 0 ? 3 : check.retries,
  }
}

export const startingHealth: HealthState = { status: 'starting', failingStreak: 0, log: [] }

/** The command of a check; a text goes to the image's shell. */
export function healthCommand({ test }: Healthcheck, shell: readonly string[]): readonly string[] {
  return test[0] === 'CMD-SHELL' ? [...shell, test[1] ?? ''] : test.slice(1)
}

const keptProbes = 5

/** How a container is after a look at it, as docker counts: one success is enough, `retries` failures in a row are too many. */
export function healthAfter(
  before: HealthState,
  probe: HealthProbe,
  retries: number,
  isStarting: boolean,
): HealthState {
  const log = [...before.log, probe].slice(-keptProbes)
  if (probe.exitCode === 0) return { status: 'healthy', failingStreak: 0, log }
  if (before.status === 'starting' && isStarting) return { ...before, log }
  const failingStreak = before.failingStreak + 1
  return { status: failingStreak >= retries ? 'unhealthy' : before.status, failingStreak, log }
}
