import { expect, test } from 'vitest'
import type { HealthState } from '../../src/container/container-state.ts'
import type { ExecRequest, SandboxProcess, SandboxRun } from '../../src/ports/index.ts'
import { type HealthSubject, monitorHealth } from '../../src/supervisor/health-monitor.ts'

const nothing = (): undefined => undefined
const times = { intervalMs: 5, timeoutMs: 10_000, startPeriodMs: 0, startIntervalMs: 5, retries: 2 }

/** A run whose processes end as `answer` says. */
function runOf(answer: (request: ExecRequest) => Promise<number>, onKill = nothing): SandboxRun {
  const process = (done: Promise<{ readonly exitCode: number }>): SandboxProcess => ({
    ...{ done, kill: onKill, pid: nothing, resize: nothing, setFlowing: nothing },
  })
  return {
    ...process(new Promise(nothing)),
    exec: (request) => process(answer(request).then((exitCode) => ({ exitCode }))),
  }
}

/** The states a container goes through until one that `isLast`. */
function statesUntil(
  subject: Pick<HealthSubject, 'run'> & Partial<HealthSubject>,
  isLast: (state: HealthState) => boolean,
): Promise<readonly HealthState[]> {
  return new Promise((resolve) => {
    const states: HealthState[] = []
    const common = { command: ['look'], times, privileged: false, isPaused: () => false }
    const end = monitorHealth({
      ...common,
      ...subject,
      onChange(state) {
        states.push(state)
        if (!isLast(state)) return
        // Not before it has been returned.
        setImmediate(() => end())
        resolve(states)
      },
    })
  })
}

test('looks again and again, and tells each time', async () => {
  const codes = [1, 0, 1, 1]
  const run = runOf((request) => {
    expect(request.args).toEqual(['look'])
    if (request.stdio.kind === 'capture') request.stdio.onOutput('stdout', Buffer.from('x'.repeat(5000)))
    return Promise.resolve(codes.shift() ?? 0)
  })
  const states = await statesUntil({ run }, ({ status }) => status === 'unhealthy')
  expect(states.map(({ status }) => status)).toEqual(['starting', 'starting', 'healthy', 'healthy', 'unhealthy'])
  expect(states.at(-1)?.log.at(-1)?.output).toBe(`${'x'.repeat(4096)}...`)
})

test('a look that takes too long is ended, and is a failure', async () => {
  let kills = 0
  const run = runOf(
    () => new Promise(nothing),
    () => {
      kills += 1
    },
  )
  const slow = { ...times, timeoutMs: 5, retries: 1 }
  const states = await statesUntil({ run, times: slow }, ({ status }) => status === 'unhealthy')
  expect(states.at(-1)?.log[0]).toMatchObject({ exitCode: -1, output: 'Health check exceeded timeout (0.005s)' })
  expect(kills).toBe(1)
})

test('what cannot be started, is a failure', async () => {
  const run: SandboxRun = {
    ...runOf(() => Promise.resolve(0)),
    exec() {
      throw new Error('no more processes')
    },
  }
  const states = await statesUntil({ run }, ({ failingStreak }) => failingStreak === 1)
  expect(states.at(-1)?.log[0]).toMatchObject({ exitCode: -1, output: 'no more processes' })
})

test('a paused container is not looked at', async () => {
  let isPaused = true
  let looks = 0
  const asked = Promise.withResolvers<void>()
  const run = runOf(() => {
    looks += 1
    return Promise.resolve(0)
  })
  const states = statesUntil(
    {
      run,
      isPaused: () => {
        asked.resolve()
        return isPaused
      },
    },
    ({ status }) => status === 'healthy',
  )
  await asked.promise
  expect(looks).toBe(0)
  isPaused = false
  expect((await states).at(-1)?.status).toBe('healthy')
})
