import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

describe.each(['root', 'user'] as const)('RUN steps as %s', (who) => {
  const reason = unavailable(who)
  const directory = makeTemporaryDirectory()
  const me = reason === undefined ? makeActor(who, directory) : undefined
  beforeAll(() => {
    if (me !== undefined) buildBase(me)
  })
  afterAll(() => removeDirectory(directory))

  const build = (name: string, lines: string, flags: readonly string[]): ReturnType<typeof longshore> => {
    if (me === undefined) throw new Error('nobody')
    return longshore(me, ['build', '--no-cache', ...flags, contextFor(me, name, { Dockerfile: lines })])
  }

  test
    .skipIf(reason !== undefined)
    .each([
      { isolation: 'crun', flags: [] },
      { isolation: 'runc', flags: [] },
      { isolation: 'builtin', flags: [] },
      { isolation: 'crun', flags: ['--ulimit', 'nofile=200'] },
      ...(who === 'root' ? [{ isolation: 'builtin', flags: ['--memory', '200m'] }] : []),
    ])('open no device of the machine: $isolation $flags', ({ isolation, flags }) => {
    // Root may make nodes, a user none; neither may open them. A loop device is there or not, but never forbidden by its driver.
    const script = 'exec 2>&1; mknod /node b 7 0; ls /node; head -c 1 /node; echo over; head -c 3 /dev/zero | wc -c'
    const all = [...flags, '--isolation', isolation]
    const { status, stderr } = build('devices', `FROM longshore-base\nRUN ${script}\n`, all)
    expect(status, stderr).toBe(0)
    expect(stderr).toMatch(/(?:head: \/node|mknod: \/node): Operation not permitted[\s\S]*over\n.* 3\n/)
    if (who === 'root') expect(stderr).toMatch(/\d \/node\n/)
  })

  // A user is given no controllers on many machines.
  if (who === 'user') return
  test.skipIf(reason !== undefined)('are held to their limits, and told which one it was', () => {
    const flags = ['--memory', '40m', '--shm-size', '2m', '--ulimit', 'nofile=123']
    const fine = 'RUN ulimit -n; df -k /dev/shm | tail -n1'
    const { status, stderr } = build(
      'limits',
      `FROM longshore-base\n${fine}\nRUN head -c 90m /dev/zero | tail\n`,
      flags,
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(/ 123\n[\s\S]* 2048 /)
    expect(stderr).toMatch(/--memory is too little/)
  })
})
