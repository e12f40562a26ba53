import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkout, longshore, makeActor, runAs, unavailable } from '../support/actor.ts'
import { buildBase, mountsUnder } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

test.skipIf(unavailable('root') !== undefined)(
  'root mounts an image, and it stays while it is mounted',
  { timeout: 300_000 },
  () => {
    const actor = makeActor('root', directory)
    buildBase(actor)
    const run = (...args: readonly string[]): ReturnType<typeof longshore> => longshore(actor, args)
    const path = run('image', 'mount', 'longshore-base').stdout.trim()
    try {
      expect(readdirSync(path)).toContain('bin')
      expect(run('mount', 'longshore-base').stdout.trim()).toBe(path)
      expect(run('mount').stdout).toContain(path)
      const id = run('images', '-q', '--no-trunc').stdout.trim()
      expect(run('rmi', '-f', 'longshore-base').status).toBe(0)
      expect(run('builder', 'prune', '-af').status).toBe(0)
      expect(readFileSync(join(path, 'etc/passwd'), 'utf8')).toContain('root')
      expect(run('umount', id.slice(7, 19)).stdout).toBe(`${id}\n`)
    } finally {
      run('umount', '--all')
    }
    expect(existsSync(path)).toBe(false)
    expect(mountsUnder(directory)).toEqual([])
    expect(run('umount', 'missing').status).toBe(125)
  },
)

test.skipIf(unavailable('user') !== undefined)(
  'an ordinary user mounts in a namespace of their own',
  { timeout: 300_000 },
  () => {
    const actor = makeActor('user', directory)
    buildBase(actor)
    const refused = longshore(actor, ['image', 'mount', 'longshore-base'])
    expect(refused.status).toBe(125)
    expect(refused.stderr).toContain('longshore unshare')
    const program = join(checkout, 'bin/longshore')
    const script = 'set -e; P=$("$0" mount longshore-base); ls "$P"; "$0" umount --all'
    const done = runAs(actor, [program, 'unshare', 'sh', '-c', script, program])
    expect(done.stderr).toBe('')
    expect(done.stdout).toMatch(/^bin\n[\s\S]*\nsha256:[0-9a-f]{64}\n$/)
    expect(mountsUnder(directory)).toEqual([])
  },
)
