import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshore, makeActor, runAs, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

const who = unavailable('user') === undefined ? 'user' : 'root'
let me: Actor
beforeAll(() => {
  me = makeActor(who, directory)
  buildBase(me)
})

let counter = 0

/** Builds a Dockerfile with files in a fresh context. */
function build(dockerfile: string, files: Readonly<Record<string, string>> = {}, flags: readonly string[] = []) {
  counter += 1
  const context = contextFor(me, `errors-${counter}`, { Dockerfile: dockerfile, ...files })
  return longshore(me, ['build', ...flags, context])
}

describe('bad input gets a clear error and leaves nothing behind', () => {
  test('a context that is not there', () => {
    const result = longshore(me, ['build', 'no-such-directory'])
    expect(result.status).toBe(125)
    expect(result.stderr).toContain('the build context')
    expect(result.stderr).toContain('does not exist')
    expect(result.stderr).toContain('hint:')
  })

  test('a missing Dockerfile', () => {
    const context = contextFor(me, 'no-dockerfile', { 'a.txt': '' })
    const result = longshore(me, ['build', context])
    expect(result.status).toBe(125)
    expect(result.stderr).toContain('no Dockerfile in')
    expect(result.stderr).toContain('-f FILE')
    const named = longshore(me, ['build', '-f', 'nowhere/Dockerfile', context])
    expect(named.status).toBe(125)
    expect(named.stderr).toContain('"nowhere/Dockerfile" does not exist')
  })

  test('an unknown instruction, with a guess, its place and a caret', () => {
    const result = build('FROM longshore-base\nCOPPY a b\n')
    expect(result.status).toBe(125)
    expect(result.stderr).toMatch(/Dockerfile:2:1: error: unknown instruction: COPPY \(did you mean COPY\?\)/)
    expect(result.stderr).toContain('| COPPY a b\n     | ^^^^^')
  })

  test('a missing source, with the nearest name', () => {
    const result = build('FROM longshore-base\nRUN touch /must-not-run\nCOPY reqirements.txt /\n', {
      'requirements.txt': '',
    })
    expect(result.status).toBe(125)
    expect(result.stderr).toMatch(/Dockerfile:3:6: error: "\/reqirements.txt": not found/)
    expect(result.stderr).toContain('did you mean "requirements.txt"?')
    expect(result.stderr).not.toContain('must-not-run\n#')
  })

  test('a source that an ignore rule hides, with the rule', () => {
    const result = build('FROM longshore-base\nCOPY app.log /\n', {
      'app.log': '',
      '.dockerignore': '# logs\n\n*.log\n',
    })
    expect(result.status).toBe(125)
    expect(result.stderr).toContain('line 3 of .dockerignore excludes it ("*.log")')
  })

  test('a failing RUN, with its output and the excerpt', () => {
    const result = build('FROM longshore-base\nRUN echo before && echo oops >&2 && exit 42\n')
    expect(result.status).toBe(1)
    expect(result.stderr).toMatch(/#\d+ \d\.\d{3} oops/)
    expect(result.stderr).toContain('>>> RUN echo before')
    expect(result.stderr).toContain('did not complete successfully: exit code: 42')
    expect(result.stdout).toBe('')
  })

  test('a command that is not there', () => {
    const result = build('FROM longshore-base\nRUN no-such-command\n')
    expect(result.status).toBe(1)
    expect(result.stderr).toContain('exit code: 127')
    expect(result.stderr).toContain('a command was not found')
  })

  test('an unreachable registry', () => {
    const result = build('FROM 127.0.0.1:1/app:1\nRUN true\n')
    expect(result.status).toBe(125)
    expect(result.stderr).toContain('[registry-unreachable]')
    expect(result.stderr).toContain('127.0.0.1:1')
  })

  test('an unknown image to run', () => {
    const result = longshore(me, ['run', '127.0.0.1:1/nothing'])
    expect(result.status).toBe(125)
    expect(result.stderr).toContain('[registry-unreachable]')
  })

  test('an unreadable file', () => {
    const context = contextFor(me, 'unreadable', { Dockerfile: 'FROM longshore-base\nCOPY . /x\n', secret: 'x' })
    runAs(me, ['chmod', '0', join(context, 'secret')])
    const result = longshore(me, ['build', context])
    if (who === 'root') expect(result.status).toBe(0)
    else {
      expect(result.status).toBe(125)
      expect(result.stderr).toContain('"secret"')
      expect(result.stderr).toContain('.dockerignore')
    }
  })

  test('a user that the image does not know', () => {
    const result = build('FROM longshore-base\nUSER nobody-here\nRUN true\n')
    expect(result.status).toBe(125)
    expect(result.stderr).toContain('nobody-here')
    expect(result.stderr).toContain('[user-not-found]')
  })

  test('flags and commands with a typing mistake get a guess', () => {
    const flag = longshore(me, ['build', '--tgaet', 'x'])
    expect(flag.status).toBe(125)
    expect(flag.stderr).toMatch(/unknown option '--tgaet'/)
    const command = longshore(me, ['biuld', '.'])
    expect(command.status).toBe(125)
    expect(command.stderr).toContain('Did you mean build?')
    const output = build('FROM longshore-base\n', {}, ['-o', 'type=oic,dest=x'])
    expect(output.status).toBe(125)
    expect(output.stderr).toContain('there is no output type "oic"')
  })

  test('a feature that is not there yet says so, with its place', () => {
    const result = build('FROM longshore-base\nRUN --device=vendor.com/class=device true\n')
    expect(result.status).toBe(125)
    expect(result.stderr).toMatch(/Dockerfile:2:5: error: RUN --device is not supported/)
  })

  test('a secret that is required and was not given', () => {
    const result = build('FROM longshore-base\nRUN --mount=type=secret,id=token,required=true true\n')
    expect(result.status).toBe(125)
    expect(result.stderr).toMatch(/secret "token": not found \[secret-not-found\]/)
  })

  test('a store that cannot be written', () => {
    const file = join(me.home, 'a-file')
    writeFileSync(file, '')
    const context = contextFor(me, 'bad-store', { Dockerfile: 'FROM scratch\n' })
    const result = longshore(me, ['--root', join(file, 'store'), 'build', context])
    expect(result.status).toBe(125)
    expect(result.stderr).toMatch(/\[(store-failed|permission-denied)\]/)
  })

  test('all of this left no work and no unfinished layer', () => {
    for (const folder of ['work', 'tmp']) expect(readdirSync(join(me.home, 'store', folder))).toEqual([])
    for (const name of readdirSync(join(me.home, 'store/layers'))) {
      expect(existsSync(join(me.home, 'store/layers', name, 'layer.json'))).toBe(true)
    }
  })
})

describe('no space', () => {
  test('a full store says so and stays whole', () => {
    if (process.getuid?.() !== 0) return expect(who).toBe('user')
    const root = makeActor('root', join(directory, 'full'))
    const store = join(root.home, 'small')
    mkdirSync(store, { recursive: true })
    chmodSync(store, 0o755)
    const context = contextFor(root, 'big', { Dockerfile: 'FROM scratch\nCOPY big /\n', big: 'x'.repeat(3_000_000) })
    const script = `mount -t tmpfs -o size=2m none "$1" && shift && "$@"; code=$?; ls "$0/layers" "$0/work"; exit $code`
    const command = ['unshare', '--mount', 'sh', '-c', script, store, store]
    const result = runAs(root, [
      ...command,
      join(import.meta.dirname, '../../bin/longshore'),
      '--root',
      store,
      'build',
      context,
    ])
    expect(result.status, result.stderr).toBe(125)
    expect(result.stderr).toContain('[no-space]')
    expect(result.stderr).toContain('--root')
    expect(result.stdout).toBe(`${store}/layers:\n\n${store}/work:\n`)
  })
})
