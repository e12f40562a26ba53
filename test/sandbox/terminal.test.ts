import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Isolation } from '../../src/ports/index.ts'
import { quoteForShell } from '../../src/sandbox/shell-quote.ts'
import { openScreen } from '../support/screen.ts'
import { jobCommand, type Mode, obstacle } from './in-namespace.ts'
import type { Job } from './sandbox-child.ts'

const cases = (['root', 'user'] as const).flatMap((mode) =>
  (['crun', 'runc', 'builtin'] as const).map((isolation) => [isolation, mode] as const),
)

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'terminal-test-'))
  chmodSync(directory, 0o755)
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** A shell command that runs `script` in a container on the terminal of its caller. */
function onTerminal(isolation: Isolation, mode: Mode, args: readonly string[]): string {
  const env = ['PATH=/bin', 'PS1=ready> ']
  const job: Job = { isolation, inUserNamespace: mode === 'user', runs: [{ args, env, user: 'app', terminal: true }] }
  const file = join(directory, 'job.json')
  writeFileSync(file, JSON.stringify(job))
  return [...jobCommand(mode), '--inherit', file].map(quoteForShell).join(' ')
}

describe.each(cases)('%s as %s', (isolation: Isolation, mode: Mode) => {
  const reason = obstacle(mode, isolation)

  test('is a terminal of the container, follows the size, and has job control', async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const command = `${onTerminal(isolation, mode, ['sh'])}; echo "ended with $?"; sleep 60`
    const screen = openScreen(join(directory, 'tmux'), command, { columns: 100, rows: 30 })
    try {
      await screen.shows(/ready>/)
      screen.type('test -t 0 && test -t 1 && test -t 2; echo $?; tty; stty size', 'Enter')
      await screen.shows(/^0\n\/dev\/pts\/0\n30 100$/m)
      screen.type('stat -c %u:%t $(tty) /dev/console', 'Enter')
      await screen.shows(/^1000:88\n1000:88$/m)
      screen.resize({ columns: 120, rows: 40 })
      await screen.shows(/^40 120$/m, () => screen.type('stty size', 'Enter'))
      screen.type('sleep 1000', 'Enter')
      // Until the shell has started it, the key is for the shell, which ignores it.
      await screen.shows(/Stopped/, () => screen.type('C-z'))
      screen.type('fg', 'Enter')
      await screen.shows(/fg\nsleep 1000\n/)
      await screen.shows(/\^C\s+ready>\s*$/, () => screen.type('C-c'))
      screen.type('echo status $?', 'Enter')
      await screen.shows(/^status 130$/m)
      screen.type('exit 9', 'Enter')
      await screen.shows(/ended with 9/)
    } finally {
      screen.close()
    }
  })
})

test('is refused where there is none to relay', ({ skip }) => {
  const reason = obstacle('root', 'builtin')
  if (reason !== undefined) skip(reason)
  const command = onTerminal('builtin', 'root', ['true'])
  const result = spawnSync('sh', ['-c', command], { input: '', encoding: 'utf8', cwd: '/' })
  expect(result.stderr).toMatch(/standard input is none/)
  expect(result.status).toBe(99)
})
