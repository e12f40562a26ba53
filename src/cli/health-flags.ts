import type { Command } from 'commander'
import { ToolError } from '../base/index.ts'
import { parseDuration } from '../dockerfile/go-duration.ts'
import type { CreateRequest } from '../engine/containers.ts'

/** Flags about looking whether a container is well. */
export interface HealthFlags {
  readonly healthCmd?: string
  readonly healthInterval?: string
  readonly healthTimeout?: string
  readonly healthStartPeriod?: string
  readonly healthStartInterval?: string
  readonly healthRetries?: number
  /** False with `--no-healthcheck`. */
  readonly healthcheck: boolean
}

/** Adds them to a command; `wholeNumber` is its parser of numbers. */
export function addHealthFlags(command: Command, wholeNumber: (value: string) => number): void {
  command
    .option('--health-cmd <command>', 'command of the shell that says whether it is well, by its exit code')
    .option('--health-interval <duration>', 'time between two looks: 30s')
    .option('--health-timeout <duration>', 'what a look may take: 30s')
    .option('--health-retries <count>', 'failures in a row that make it unhealthy (default: 3)', wholeNumber)
    .option('--health-start-period <duration>', 'time at the start in which failures do not count')
    .option('--health-start-interval <duration>', 'time between two looks in that time: 5s')
    .option('--no-healthcheck', "leave out the image's HEALTHCHECK")
}

/** What the flags change of the image's HEALTHCHECK; undefined when nothing. Throws `ToolError` `usage`. */
export function healthcheckOf(flags: HealthFlags): CreateRequest['healthcheck'] {
  const { healthCmd, healthRetries } = flags
  const times = {
    ...time('interval', flags.healthInterval),
    ...time('timeout', flags.healthTimeout),
    ...time('start-period', flags.healthStartPeriod),
    ...time('start-interval', flags.healthStartInterval),
  }
  if (healthRetries !== undefined && healthRetries < 0) {
    throw new ToolError('usage', '--health-retries cannot be negative', { hint: 'write a number from 1' })
  }
  const wanted = {
    ...(healthCmd === undefined ? {} : { test: ['CMD-SHELL', healthCmd] }),
    ...times,
    ...(healthRetries === undefined ? {} : { retries: healthRetries }),
  }
  const isEmpty = Object.keys(wanted).length === 0
  if (flags.healthcheck) return isEmpty ? undefined : wanted
  if (isEmpty) return { test: ['NONE'] }
  throw new ToolError('usage', '--no-healthcheck contradicts the other --health flags', { hint: 'leave one out' })
}

const fields = {
  interval: 'interval',
  timeout: 'timeout',
  'start-period': 'startPeriod',
  'start-interval': 'startInterval',
} as const

/** Docker takes nothing between 0, which is the default, and a millisecond. */
function time(name: keyof typeof fields, text: string | undefined): Readonly<Record<string, number>> {
  if (text === undefined) return {}
  const nanoseconds = parseDuration(text)
  if (nanoseconds !== undefined && (nanoseconds === 0 || nanoseconds >= 1e6)) return { [fields[name]]: nanoseconds }
  throw new ToolError('usage', `cannot read --health-${name} "${text}" as a duration of at least 1ms`, {
    hint: 'write a number and a unit: 500ms, 30s, 1m30s',
  })
}
