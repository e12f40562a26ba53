import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Isolation } from '../../src/ports/index.ts'
import { sweepSandboxes } from '../../src/sandbox/index.ts'
import { type Mode, obstacle, startJob } from './in-namespace.ts'

const cases = (['root', 'user'] as const).flatMap((mode) =>
  (['crun', 'runc', 'builtin'] as const).map((isolation) => [isolation, mode] as const),
)

let session = ''

beforeEach(() => {
  session = mkdtempSync(join(tmpdir(), 'lifetime-test-'))
  chmodSync(session, 0o777)
})

afterEach(() => rmSync(session, { recursive: true, force: true }))

/** Host ids of the processes whose command line holds `word`. */
function processesOf(word: string): readonly string[] {
  const isIt = (id: string): boolean => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'latin1').includes(word)
    } catch {
      return false
    }
  }
  return readdirSync('/proc').filter((id) => /^\d+$/.test(id) && isIt(id))
}

async function waitUntilGone(word: string): Promise<void> {
  const deadline = performance.now() + 20_000
  while (processesOf(word).length > 0) {
    if (performance.now() > deadline) throw new Error(`still there: ${processesOf(word).join(' ')}`)
    await delay(20)
  }
}

describe.each(cases)('%s as %s', (isolation: Isolation, mode: Mode) => {
  const reason = obstacle(mode, isolation)

  test.each(['', 'app'])('nothing survives a kill -9 of our process, user "%s"', async (user) => {
    await surviveNothing(user, async () => undefined)
  })

  test('a sweep ends what the warden could not', async () => {
    await surviveNothing('app', async (job) => {
      const wardens = processesOf('while read -r _').filter((id) =>
        readFileSync(`/proc/${id}/cmdline`, 'latin1').includes(session),
      )
      expect(wardens.length).toBe(1)
      spawnSync('kill', ['-9', ...wardens])
      return job
    })
  })

  async function surviveNothing(user: string, beforehand: (job: unknown) => Promise<unknown>): Promise<void> {
    if (reason !== undefined) return
    // A word of its own in the command line finds the container's processes from outside.
    const word = `mark-${isolation}-${mode}-${process.pid}-${user}`
    const script = `sleep 1000 & exec sh -c 'echo up; while :; do sleep 1; done' ${word}`
    const runs = [{ args: ['sh', '-c', script, word], user }]
    const job = await startJob(mode, { isolation, runs, stateDirectory: join(session, '1-sandbox') }, 'up')
    expect(processesOf(word).length).toBeGreaterThan(0)
    await beforehand(job)
    await job.kill()
    if (beforehand.length > 0) sweepSandboxes(session)
    await waitUntilGone(word)
    sweepSandboxes(session)
    expect(readdirSync(join(session, '1-sandbox')).filter((name) => !name.startsWith('.'))).toEqual([])
  }
})
