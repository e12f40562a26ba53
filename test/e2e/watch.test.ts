import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { contextFor, giveTo, longshoreAsync, makeActor, startLongshore, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
beforeAll(() => buildBase(me))
afterAll(() => removeDirectory(directory))

const dockerfile = (path: string): string =>
  `FROM longshore-base\nCOPY . ${path}\nCMD ["sh", "-c", "echo container has $(cat ${path}/f); sleep 600"]\n`

describe('longshore build --watch', () => {
  test('builds at each change, restarts the container, outlives errors and ends in order', {
    timeout: 120_000,
  }, async () => {
    const context = contextFor(me, 'watch', {
      Dockerfile: dockerfile('/a'),
      '.dockerignore': '*.log\nDockerfile\n',
      f: 'one\n',
      'deep/g': 'g\n',
    })
    giveTo(me, context)
    const watch = startLongshore(me, ['build', '--watch', '--run', '--run-flags', '--network none', '.'], {
      cwd: context,
    })
    onTestFinished(() => void watch.kill('SIGKILL'))
    let said = ''
    let wake: () => void = () => undefined
    for (const stream of [watch.stdout, watch.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text
        wake()
      })
    }
    /** Waits for a text behind those that were waited for before. */
    let from = 0
    const seen = async (text: string): Promise<void> => {
      for (;;) {
        const at = said.indexOf(text, from)
        if (at >= 0) {
          from = at + text.length
          return
        }
        await new Promise<void>((done) => {
          wake = done
        })
      }
    }
    const write = (path: string, text: string): void => writeFileSync(join(context, path), text)
    await seen('==> watching')
    await seen('container has one')
    write('ignored.log', 'not read\n')
    write('f', 'two\n')
    await seen('==> f changed\n')
    await seen('container has two')
    write('Dockerfile', 'FROM longshore-base\nCOPPY . /a\n')
    await seen('Dockerfile:2:1: error: unknown instruction: COPPY')
    await seen('==> watching')
    write('Dockerfile', dockerfile('/b'))
    await seen('container has two')
    write('deep/new', 'new\n')
    await seen('new changed')
    await seen('==> watching')
    const ended = new Promise((done) => void watch.once('close', done))
    watch.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(said).not.toContain('ignored.log')
    const left = await longshoreAsync(me, ['ps', '-aq'])
    expect(left.stdout).toBe('')
  })

  test('says what it cannot watch', async () => {
    for (const [args, message] of [
      [['--watch', 'https://example.com/a.git'], '"https://example.com/a.git" cannot be watched'],
      [['--watch', '--plan', '.'], '--watch builds, and builds again'],
      [['--run', '.'], '--run goes with --watch'],
    ] as const) {
      const { status, stderr } = await longshoreAsync(me, ['build', ...args])
      expect([status, stderr.split('\n')[0]]).toEqual([125, expect.stringContaining(message)])
    }
  })
})
