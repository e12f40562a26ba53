import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Isolation } from '../../src/ports/index.ts'
import { quoteForShell } from '../../src/sandbox/shell-quote.ts'
import { jobCommand, type Mode, obstacle, startJob } from './in-namespace.ts'
import type { Job } from './sandbox-child.ts'

const cases = (['root', 'user'] as const).flatMap((mode) =>
  (['crun', 'runc', 'builtin'] as const).map((isolation) => [isolation, mode] as const),
)

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launch-end-test-'))
  chmodSync(folder, 0o777)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** True while a process has `word` in its command line. */
function runs(word: string): boolean {
  return readdirSync('/proc').some((id) => {
    try {
      return /^\d+$/.test(id) && readFileSync(`/proc/${id}/cmdline`, 'latin1').includes(word)
    } catch {
      return false
    }
  })
}

describe.each(cases)('%s as %s', (isolation: Isolation, mode: Mode) => {
  const reason = obstacle(mode, isolation)

  // As the kernel does it when memory is short. The runtime's process is not the container's parent in any way that counts.
  test('a container does not outlive its runtime', async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const word = `orphan-${isolation}-${mode}-${process.pid}`
    const stateDirectory = join(folder, 'state')
    const args = ['sh', '-c', `echo up; while :; do sleep 0.2; done; : ${word}`]
    const job = await startJob(mode, { isolation, runs: [{ args }], stateDirectory }, 'up')
    const entries = (): readonly string[] => readdirSync(stateDirectory).filter((name) => !name.startsWith('.'))
    const [entry = ''] = entries()
    expect(runs(word)).toBe(true)
    process.kill(Number.parseInt(readFileSync(join(stateDirectory, entry, 'child'), 'latin1'), 10), 'SIGKILL')
    await job.ended
    expect(runs(word)).toBe(false)
    expect(entries()).toEqual([])
  })

  if (mode === 'root') {
    // Whoever has it as controlling terminal may type into it (TIOCSTI): as the user, outside of the container.
    test('our terminal is not the controlling one of a container without terminal', ({ skip }) => {
      if (reason !== undefined) skip(reason)
      const script = '(echo typed >/dev/tty) 2>/dev/null || echo closed'
      const job: Job = { isolation, inUserNamespace: false, runs: [{ args: ['sh', '-c', script] }] }
      const file = join(folder, 'job.json')
      writeFileSync(file, JSON.stringify(job))
      const command = [...jobCommand(mode), '--inherit', file].map(quoteForShell).join(' ')
      const result = spawnSync('script', ['-qec', command, '/dev/null'], { input: '', encoding: 'utf8', cwd: '/' })
      expect(result.stdout.replace('^@', '').trim().split(/\r?\n/)).toEqual(['closed'])
      expect(result.status).toBe(0)
    })
  }
})
