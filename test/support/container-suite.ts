import { afterAll, expect } from 'vitest'
import { type Actor, longshore, makeActor, unavailable } from './actor.ts'
import { buildBase } from './base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from './temporary.ts'

/** Flags of a container that needs no network. */
export const local = ['--network', 'none'] as const

/** Who runs containers in a suite, with a store of their own that has the image `longshore-base`. */
export interface ContainerUser {
  /** Why there is no such user here. */
  readonly reason: string | undefined
  /** Made on first use. */
  actor(): Actor
  run(...args: readonly string[]): ReturnType<typeof longshore>
  /** Runs a command that must succeed, and returns what it printed. */
  done(...args: readonly string[]): string
  /** The status of a container, as `ps` has it. */
  status(container: string): string
}

/** Users of containers for one file of tests; their containers and files go when it ends. */
export function containerUsers(): (name: 'root' | 'user') => ContainerUser {
  const directory = makeTemporaryDirectory()
  const actors: Actor[] = []
  afterAll(() => {
    for (const actor of actors) {
      const left = longshore(actor, ['ps', '-aq']).stdout.split('\n').filter(Boolean)
      if (left.length > 0) longshore(actor, ['rm', '-fv', ...left])
    }
    removeDirectory(directory)
  })
  return (name) => {
    let me: Actor | undefined
    const actor = (): Actor => {
      if (me === undefined) {
        me = makeActor(name, directory)
        actors.push(me)
        buildBase(me)
      }
      return me
    }
    const run = (...args: readonly string[]): ReturnType<typeof longshore> => longshore(actor(), args)
    const done = (...args: readonly string[]): string => {
      const { status, stdout, stderr } = run(...args)
      expect(status, `${args.join(' ')}: ${stderr}`).toBe(0)
      return stdout
    }
    const status = (container: string): string =>
      done('ps', '-a', '--filter', `name=^${container}$`, '--format', '{{.Status}}').trim()
    return { reason: unavailable(name), actor, run, done, status }
  }
}
