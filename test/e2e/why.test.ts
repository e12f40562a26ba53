import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, giveTo, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

describe.each(['root', 'user'] as const)('why, as %s', (name) => {
  const obstacle = unavailable(name)
  let me: Actor
  let context: string
  const run = (...args: string[]): string => {
    const result = longshore(me, args)
    expect(result.stderr).not.toContain('error:')
    expect(result.status).toBe(0)
    return result.stdout
  }
  const edit = (file: string, text: string): void => {
    writeFileSync(join(context, file), text)
    giveTo(me, join(context, file))
  }

  beforeAll(() => {
    if (obstacle !== undefined) return
    me = makeActor(name, directory)
    buildBase(me)
    context = contextFor(me, 'why', {
      Dockerfile: [
        'FROM longshore-base AS build',
        'ARG GREETING=hello',
        'COPY src/ /src/',
        'RUN echo "$GREETING"; cat /src/a > /out',
        'FROM longshore-base',
        'COPY --from=build /out /out',
      ].join('\n'),
      '.dockerignore': 'src/*\n!src/a\n!src/b\n',
      'src/a': 'a',
      'src/b': 'b',
    })
  })
  const why = (...args: string[]): string => run('why', '-C', context, ...args)
  const build = (...args: string[]): string => run('build', '-q', ...args, context)

  test.skipIf(obstacle !== undefined)('names what changed, before and after the build that runs it', () => {
    build()
    expect(why()).toMatch(/next build would run nothing\. .*ago:\n\nRAN {3}\[build 2\/3\] COPY src\/ \/src\//)
    expect(why('--last')).toContain('not built before with this Dockerfile and context')

    edit('src/a', 'A')
    chmodSync(join(context, 'src/b'), 0o600)
    expect(why()).toContain(
      [
        'MISS  [build 2/3] COPY src/ /src/',
        '      why/Dockerfile:3',
        '      src/a: content changed (taken in by .dockerignore:2: !src/a)',
        '      src/b: mode changed (taken in by .dockerignore:3: !src/b)',
      ].join('\n'),
    )
    build()
    const last = why()
    expect(last).toContain('src/a: content changed')
    expect(last).toContain('it builds on another tree than before: see [build 2/3] COPY src/ /src/')
    expect(last).toContain('the files it takes from stage build changed')
  })

  test.skipIf(obstacle !== undefined)('names arguments, commands, files that come and go', () => {
    build()
    expect(why('RUN', '--build-arg', 'GREETING=bye')).toContain('variable GREETING: was "hello", is "bye"')
    const text = readFileSync(join(context, 'Dockerfile'), 'utf8')
    edit('Dockerfile', text.replace('cat /src/a', 'cat /src/b'))
    const { steps } = JSON.parse(why('--format', 'json', '4'))
    expect(steps).toHaveLength(1)
    expect(steps[0].causes).toEqual([
      {
        kind: 'part',
        name: 'args',
        before: '/bin/sh -c echo "$GREETING"; cat /src/a > /out',
        after: '/bin/sh -c echo "$GREETING"; cat /src/b > /out',
      },
    ])
    edit('Dockerfile', text)
    edit('.dockerignore', 'src/*\n!src/a\n')
    expect(why('COPY src')).toContain('src/b: removed')
  })

  test.skipIf(obstacle !== undefined)('names a base image that is another one now', () => {
    const base = contextFor(me, 'why-base', { Dockerfile: 'FROM longshore-base\nRUN echo 1 > /version\n' })
    const top = contextFor(me, 'why-top', { Dockerfile: 'FROM why-base\nRUN echo top\n' })
    run('build', '-q', '-t', 'why-base', base)
    run('build', '-q', top)
    writeFileSync(join(base, 'Dockerfile'), 'FROM longshore-base\nRUN echo 2 > /version\n')
    run('build', '-q', '-t', 'why-base', base)
    expect(run('why', '-C', top)).toMatch(/the base image \S*why-base\S* changed: was [0-9a-f]{12}, is [0-9a-f]{12}/)
  })

  test.skipIf(obstacle !== undefined)('replays the output of cached and of failed steps, byte for byte', () => {
    const steps = contextFor(me, 'logs', {
      Dockerfile: "FROM longshore-base\nRUN printf 'a\\033[1mb\\377\\n'\nRUN echo before; exit 3\n",
    })
    expect(longshore(me, ['build', '-q', steps]).status).toBe(1)
    expect(longshore(me, ['logs', '--build', '-C', steps, '3']).stdout).toBe('before\n')
    writeFileSync(join(steps, 'Dockerfile'), "FROM longshore-base\nRUN printf 'a\\033[1mb\\377\\n'\nRUN echo after\n")
    build()
    run('build', '-q', steps)
    run('build', '-q', steps)
    const replayed = longshore(me, ['logs', '--build', '-C', steps])
    expect(replayed.stdout).toBe('a\x1b[1mb\ufffd\nafter\n')
    expect(replayed.stderr).toContain('RUN echo after')
  })

  test.skipIf(obstacle !== undefined)(
    'a build whose causes cannot be remembered is built all the same, and says so',
    () => {
      const folder = contextFor(me, 'forgetful', { Dockerfile: 'FROM longshore-base\nRUN echo forgetful\n' })
      const store = join(me.home, 'forgetful-store')
      cpSync(join(me.home, 'store'), store, { recursive: true, verbatimSymlinks: true })
      rmSync(join(store, 'traces'), { recursive: true })
      writeFileSync(join(store, 'traces'), '')
      giveTo(me, store)
      const built = longshore(me, ['--root', store, 'build', folder])
      expect(built.stderr).toMatch(/\[internal\] remember why steps ran\n#\d+ ERROR: /)
      expect(built.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/)
      expect(built.status).toBe(0)
      writeFileSync(join(folder, 'Dockerfile'), 'FROM longshore-base\nRUN exit 7\n')
      const failed = longshore(me, ['--root', store, 'build', folder])
      expect(failed.status).toBe(1)
      expect(failed.stderr).toContain('exit code: 7')
    },
  )

  test.skipIf(obstacle !== undefined)('a step that is not there is an error that lists those there are', () => {
    const result = longshore(me, ['why', '-C', context, 'nonsense'])
    expect(result.status).toBe(125)
    expect(result.stderr).toMatch(/no step matches "nonsense"[\s\S]*line 4: \[build 3\/3\] RUN/)
  })
})
