import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
let me: Actor
beforeAll(() => {
  me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
})
afterAll(() => removeDirectory(directory))

/** What would be built: the plan names the instructions. */
function plan(name: string, files: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  return longshore(me, ['build', '--plan', ...flags, contextFor(me, name, files)])
}

const marked = (mark: string): string => `FROM scratch\nCOPY ${mark} /\n`

describe('the name of the Dockerfile', () => {
  test.each([
    ['Dockerfile', ['Dockerfile', 'dockerfile', 'Containerfile']],
    ['dockerfile', ['dockerfile', 'Containerfile']],
    ['Containerfile', ['Containerfile']],
  ])('%s comes first among %j', (first, names) => {
    const marks = Object.fromEntries(
      names.flatMap((name) => [
        [name, marked(`of-${name}`)],
        [`of-${name}`, ''],
      ]),
    )
    const { status, stdout, stderr } = plan(`names-${first}`, marks)
    expect(status, stderr).toBe(0)
    expect(stdout).toContain(`COPY of-${first} /`)
  })

  test('none of them is an error that lists them', () => {
    const { status, stderr } = plan('names-none', { other: '' })
    expect(status).toBe(125)
    expect(stderr).toContain('looked for Dockerfile, dockerfile, Containerfile')
  })

  test('an ignore file of its own beats that of the context', () => {
    const files = { 'web.Dockerfile': marked('a'), a: '', '.dockerignore': 'nothing\n' }
    const own = { ...files, 'web.Dockerfile.dockerignore': 'a\n' }
    const file = (name: string): string => `${me.home}/${name}/web.Dockerfile`
    expect(plan('own-not', files, '-f', file('own-not')).status).toBe(0)
    const excluded = plan('own', own, '-f', file('own'))
    expect(excluded.status).toBe(125)
    expect(excluded.stderr).toContain('line 1 of web.Dockerfile.dockerignore excludes it')
  })
})
