import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshore, makeActor, runAs, unavailable } from '../support/actor.ts'
import { buildBase, mountsUnder } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

const mounts = [
  '--mount=type=bind,source=dir,target=/bound,rw',
  '--mount=type=bind,from=other,source=/made,target=/made',
  '--mount=type=cache,target=/kept',
  '--mount=type=secret,id=token,target=/token,env=TOKEN',
].join(' ')

describe.each(['root', 'user'] as const)('debug, as %s', (name) => {
  const obstacle = unavailable(name)
  let me: Actor
  let context: string
  const debug = (...args: string[]): ReturnType<typeof longshore> => longshore(me, ['debug', ...args])

  beforeAll(() => {
    if (obstacle !== undefined) return
    me = makeActor(name, directory)
    buildBase(me)
    context = contextFor(me, 'broken', {
      Dockerfile: [
        'FROM longshore-base AS other',
        'RUN echo made > /made',
        'FROM longshore-base',
        'ENV WHERE=here',
        'WORKDIR /work',
        'USER 1000:1000',
        `RUN ${mounts} cat /token > /dev/null; echo left > /tmp/left; echo cached > /kept/c || :; exit 7`,
      ].join('\n'),
      'dir/file': 'bound\n',
      token: 'very-secret-token',
    })
  })

  const fail = (): string => {
    const built = longshore(me, ['build', '--secret', `id=token,src=${join(context, 'token')}`, context])
    expect(built.status).toBe(1)
    const [, id = ''] = /\nTo look around in a failed step: longshore debug ([0-9a-f]{12})\n$/.exec(built.stderr) ?? []
    expect(id).not.toBe('')
    return id
  }

  test.skipIf(obstacle !== undefined)('a failed step is kept as it was left, without secrets', () => {
    const id = fail()
    const script =
      'pwd; id -u; echo $WHERE $TOKEN; cat /tmp/left /bound/file /made; ls /token; echo more > /tmp/left; exit 9'
    for (const _ of [1, 2]) {
      const shell = debug(id.slice(0, 6), 'sh', '-c', script)
      expect(shell.stdout).toBe('/work\n1000\nhere\nleft\nbound\nmade\n')
      expect(shell.stderr).toContain('/token')
      expect(shell.status).toBe(9)
    }
    expect(runAs(me, ['grep', '-rl', 'very-secret-token', join(me.home, 'store')]).stdout).toBe('')
    expect(debug('-q').stdout).toBe(`${id}\n`)
    expect(debug('--format', '{{.ID}} {{.ExitCode}}').stdout).toBe(`${id} 7\n`)
    // Layers below it are not taken for unneeded, whatever becomes of images and records.
    expect(longshore(me, ['image', 'prune', '-f']).status).toBe(0)
    expect(debug(id, 'cat', '/made').stdout).toBe('made\n')
    expect(debug('--rm', id).stdout).toBe(`${id}\n`)
    expect(debug('-q').stdout).toBe('')
    expect(debug(id).stderr).toContain(`error: no failed step is kept under "${id}" [usage]`)
  })

  test.skipIf(obstacle !== undefined)('the next build of the same project takes its place, another does not', () => {
    const first = fail()
    const other = contextFor(me, 'other', { Dockerfile: 'FROM longshore-base\nRUN false\n' })
    expect(longshore(me, ['build', other]).status).toBe(1)
    const second = fail()
    expect(debug('--format', '{{.ID}} {{.Step}}').stdout.split('\n')).toEqual([
      expect.stringMatching(`^${second} RUN --mount`),
      expect.stringMatching(/^[0-9a-f]{12} RUN false$/),
      '',
    ])
    expect(debug(first).status).toBe(125)
    const mended = contextFor(me, 'other', { Dockerfile: 'FROM longshore-base\nRUN true\n' })
    expect(longshore(me, ['build', mended]).status).toBe(0)
    expect(debug('-q').stdout).toBe(`${second}\n`)
    expect(readdirSync(join(me.home, 'store/failed'))).toEqual([second])
    expect(existsSync(join(me.home, 'store/work')) && readdirSync(join(me.home, 'store/work'))).toEqual([])
    expect(mountsUnder(me.home)).toEqual([])
  })

  test.skipIf(obstacle !== undefined)('a shell on failure needs a terminal', () => {
    const built = longshore(me, ['build', '--on-failure=shell', context])
    expect(built.status).toBe(125)
    expect(built.stderr).toContain('error: --on-failure=shell needs a terminal')
  })
})
