import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Isolation } from '../../src/ports/index.ts'
import { sweepSandboxes } from '../../src/sandbox/index.ts'
import { removeDirectory } from '../support/temporary.ts'
import { type Mode, obstacle, startJob } from './in-namespace.ts'

const cases = (['root', 'user'] as const).flatMap((mode) =>
  (['crun', 'runc', 'builtin'] as const).map((isolation) => [isolation, mode] as const),
)

let session = ''

beforeEach(() => {
  session = mkdtempSync(join(tmpdir(), 'lifetime-test-'))
  chmodSync(session, 0o777)
})

afterEach(() => removeDirectory(session))

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

  test('nothing survives a kill -9 of our process', async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const { word, job } = await startMarked('root', 'app')
    try {
      expect(processesOf(word).length).toBeGreaterThan(2)
      // Anybody may read the arguments of a process: no environment is among them.
      expect(processesOf(`hidden-${word}`)).toEqual([])
    } finally {
      await job.kill()
    }
    await waitUntilGone(word)
    sweepSandboxes(session)
    expect(entries()).toEqual([])
  })

  // How our own processes find each other does not depend on who we are.
  if (mode === 'user') {
    test('a sweep ends what the warden could not', async ({ skip }) => {
      if (reason !== undefined) skip(reason)
      const { word, job } = await startMarked('app')
      try {
        const wardens = processesOf(`warden\0${session}`)
        expect(wardens.length).toBe(1)
        spawnSync('kill', ['-9', ...wardens])
      } finally {
        await job.kill()
      }
      sweepSandboxes(session)
      await waitUntilGone(word)
      expect(entries()).toEqual([])
    })
  }

  /** Starts a container for each user, of two processes that have a word of their own in the command line. */
  async function startMarked(...users: readonly string[]): Promise<{ word: string; job: { kill(): Promise<void> } }> {
    const word = `mark-${isolation}-${mode}-${process.pid}-${users.length}`
    const script = (user: string): string =>
      `(while :; do sleep 1; done) & echo up ${user}; while :; do sleep 1; done; : ${word}`
    const env = ['PATH=/bin', `TOKEN=hidden-${word}`]
    const parallel = users.map((user) => ({ args: ['sh', '-c', script(user)], user, env }))
    const job = { isolation, runs: [], parallel, stateDirectory: join(session, '1-sandbox') }
    return { word, job: await startJob(mode, job, ...users.map((user) => `up ${user}\n`)) }
  }
})

function entries(): readonly string[] {
  return readdirSync(join(session, '1-sandbox')).filter((name) => !name.startsWith('.'))
}
