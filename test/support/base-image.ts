import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Actor, checkout, longshore, runAs } from './actor.ts'

/** Builds `longshore-base`, the image that cases build on, in the actor's store. Throws when that fails. */
export function buildBase(actor: Actor): void {
  const context = join(actor.home, 'base-context')
  const made = runAs(actor, ['sh', join(checkout, 'fixtures/base/make-context.sh'), context])
  if (made.status !== 0) throw new Error(`make-context.sh: ${made.stderr}`)
  const built = longshore(actor, ['build', '-q', '-t', 'longshore-base', context])
  if (built.status !== 0) throw new Error(`building longshore-base: ${built.stderr}`)
}

/** Mount points of this machine below `directory`: none may be left by a command. */
export function mountsUnder(directory: string): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${directory}/`))
}
