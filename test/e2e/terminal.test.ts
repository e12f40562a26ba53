import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { quoteForShell } from '../../src/sandbox/shell-quote.ts'
import { type Actor, checkout, environment, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { openScreen, type Screen } from '../support/screen.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

/** What a shell loop prints of the size until a key ends it. */
const watchSize = 'stty size; while :; do stty size; sleep 0.1; done'

describe.each(['root', 'user'] as const)('run -t as %s', (name) => {
  const reason = unavailable(name)
  let me: Actor | undefined
  const actor = (): Actor => {
    if (me === undefined) {
      me = makeActor(name, directory)
      buildBase(me)
    }
    return me
  }

  /** A terminal in which `longshore run` has been typed, and which tells the exit code afterwards. */
  function open(args: readonly string[]): Screen {
    const env = environment(actor(), {})
    const command = actor().wrap([join(checkout, 'bin/longshore'), 'run', ...args], actor().home, env)
    const line = `${command.map(quoteForShell).join(' ')}; echo "ended with $?"; sleep 60`
    return openScreen(join(directory, 'tmux'), line, { columns: 90, rows: 25 }, env)
  }

  const isolations = name === 'root' ? (['crun', 'runc', 'builtin'] as const) : (['crun'] as const)
  describe.each(isolations)('by %s', (isolation) => {
    const options = ['--isolation', isolation]

    test('shows output, knows the size and follows it, passes Ctrl-C and the exit code', async ({ skip }) => {
      if (reason !== undefined) skip(reason)
      const trap = `trap 'echo interrupted; exit 7' INT; ${watchSize}`
      const screen = open([...options, '-t', 'longshore-base', 'sh', '-c', trap])
      try {
        await screen.shows(/^25 90$/m)
        screen.resize({ columns: 100, rows: 31 })
        await screen.shows(/^31 100$/m)
        screen.type('C-c')
        await screen.shows(/interrupted\s+ended with 7$/m)
      } finally {
        screen.close()
      }
    })

    test('reads what is typed with -i, and goes on when our terminal is gone and it does not mind', async ({
      skip,
    }) => {
      if (reason !== undefined) skip(reason)
      const mark = `hang-up-${isolation}-${name}-${process.pid}`
      const script = `trap '' HUP; read line; echo "got $line"; while :; do sleep 1; done; : ${mark}`
      const screen = open([...options, '-it', '--name', mark, 'longshore-base', 'sh', '-c', script])
      try {
        await screen.shows(/\S/, () => screen.type('hello', 'Enter'))
        await screen.shows(/got hello/)
        expect(isRunning(mark)).toBe(true)
      } finally {
        screen.close()
      }
      expect(longshore(actor(), ['exec', mark, 'echo', 'still there']).stdout).toBe('still there\n')
      expect(longshore(actor(), ['rm', '-f', mark]).status).toBe(0)
      expect(isRunning(mark)).toBe(false)
    })
  })
})

test('the detach keys leave it, and it goes on', async ({ skip }) => {
  const reason = unavailable('root')
  if (reason !== undefined) skip(reason)
  const me = makeActor('root', directory)
  buildBase(me)
  const env = environment(me, {})
  const flags = ['-it', '--detach-keys', 'ctrl-a,x', '--name', 'left-alone', '--network', 'none']
  const words = ['longshore-base', 'sh', '-c', 'echo ready; while read line; do echo "got $line"; done']
  const command = me.wrap([join(checkout, 'bin/longshore'), 'run', ...flags, ...words], me.home, env)
  const line = `${command.map(quoteForShell).join(' ')}; echo "ended with $?"; sleep 60`
  const screen = openScreen(join(directory, 'tmux'), line, { columns: 90, rows: 25 }, env)
  try {
    await screen.shows(/ready/)
    screen.type('hello', 'Enter')
    await screen.shows(/got hello/)
    screen.type('C-a', 'x')
    await screen.shows(/ended with 0/)
  } finally {
    screen.close()
  }
  expect(longshore(me, ['ps', '--format', '{{.Names}}']).stdout).toContain('left-alone\n')
  expect(longshore(me, ['rm', '-f', 'left-alone']).status).toBe(0)
})

test('build draws its progress, and leaves a line for each step', async ({ skip }) => {
  const reason = unavailable('root')
  if (reason !== undefined) skip(reason)
  const me = makeActor('root', directory)
  buildBase(me)
  const context = join(directory, 'drawn')
  mkdirSync(context)
  const script = 'echo working; sleep 1000'
  writeFileSync(join(context, 'Dockerfile'), `FROM longshore-base\nRUN ${script}\n`)
  const env = environment(me, {})
  const command = me.wrap([join(checkout, 'bin/longshore'), 'build', '--progress', 'tty', context], me.home, env)
  const line = `${command.map(quoteForShell).join(' ')}; echo "ended with $?"; sleep 60`
  const screen = openScreen(join(directory, 'tmux'), line, { columns: 90, rows: 25 }, env)
  try {
    await screen.shows(/RUN echo working.*\n\s+\| working\n1 running, /)
    screen.type('C-c')
    await screen.shows(/CANCEL \[2\/2\] RUN echo working[\s\S]*ended with 130/)
    await screen.shows(/^(?![\s\S]*running,)/)
  } finally {
    screen.close()
  }
})

/** Whether a process has `mark` in its command line. */
function isRunning(mark: string): boolean {
  const { stdout } = spawnSync('ps', ['-eo', 'args='], { encoding: 'utf8' })
  return stdout.includes(mark)
}
