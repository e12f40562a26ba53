import { randomBytes } from 'node:crypto'
import { errorMessage } from '../base/index.ts'
import type { HealthProbe, HealthState } from '../container/container-state.ts'
import { type HealthTimes, healthAfter, startingHealth } from '../container/health.ts'
import type { SandboxProcess, SandboxRun } from '../ports/index.ts'
import { killTree } from '../sandbox/stop-container.ts'

/** What is looked at, and who is told of it. */
export interface HealthSubject {
  readonly run: SandboxRun
  readonly command: readonly string[]
  readonly times: HealthTimes
  readonly privileged: boolean
  isPaused(): boolean
  onChange(health: HealthState): void
}

/** Bytes of a probe's output that are kept, as docker does. */
const outputLimit = 4096
/** What a killed probe may take to be gone; its children may hold its pipes for longer. */
const killMs = 1000

/**
 * Looks whether a container is well, from time to time, by a command inside it. Returns what ends that. A look never overlaps
 * with the next one, and what a paused container says does not count.
 */
export function monitorHealth(subject: HealthSubject): () => void {
  const { times } = subject
  const startedMs = performance.now()
  let health = startingHealth
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  subject.onChange(health)
  const isStarting = (): boolean => performance.now() - startedMs < times.startPeriodMs
  const schedule = (): void => {
    const delayMs = health.status === 'starting' && isStarting() ? times.startIntervalMs : times.intervalMs
    timer = setTimeout(() => void look(), delayMs)
  }
  const look = async (): Promise<void> => {
    const early = isStarting()
    const probe = subject.isPaused() ? undefined : await runProbe(subject)
    if (isOver) return
    if (probe !== undefined && !subject.isPaused()) {
      health = healthAfter(health, probe, times.retries, early)
      subject.onChange(health)
    }
    schedule()
  }
  schedule()
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

async function runProbe({ run, command, times, privileged }: HealthSubject): Promise<HealthProbe> {
  const start = new Date().toISOString()
  let text = Buffer.alloc(0)
  const keep = (_: string, bytes: Uint8Array): void => {
    if (text.length <= outputLimit) text = Buffer.concat([text, bytes]).subarray(0, outputLimit + 1)
  }
  const ended = (exitCode: number, output: string): HealthProbe => ({
    ...{ start, end: new Date().toISOString(), exitCode, output },
  })
  let process: SandboxProcess
  try {
    const id = randomBytes(6).toString('hex')
    const stdio = { kind: 'capture', onOutput: keep } as const
    process = run.exec({ id, args: command, env: [], privileged, terminal: false, stdio })
  } catch (error) {
    return ended(-1, errorMessage(error))
  }
  const done = process.done.then(
    ({ exitCode }) => ended(exitCode, shownOutput(text)),
    (error: unknown) => ended(-1, errorMessage(error)),
  )
  const first = await within(done, times.timeoutMs)
  if (first !== undefined) return first
  killProbe(process)
  await within(done, killMs)
  return ended(-1, `Health check exceeded timeout (${times.timeoutMs / 1000}s)`)
}

function shownOutput(bytes: Buffer): string {
  const text = bytes.subarray(0, outputLimit).toString('utf8')
  return bytes.length > outputLimit ? `${text}...` : text
}

/** With all that it started: what it leaves would be there until the container ends, one for each look. */
function killProbe(process: SandboxProcess): void {
  const pid = process.pid()
  if (pid === undefined) process.kill('SIGKILL')
  else killTree(pid)
}

/** What `promise` gives, or undefined when that takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
