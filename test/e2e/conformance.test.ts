import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { actualImage, differences, loadCases, prepareContext, readLayout } from '../conformance/index.ts'
import { type Actor, giveTo, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { openCommandRoom } from '../support/command-room.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

const cases = loadCases()

test('the collection is there', () => {
  expect(cases.length).toBeGreaterThanOrEqual(40)
})

describe.each(['root', 'user'] as const)('as %s', (name) => {
  const reason = unavailable(name)
  if (reason !== undefined) {
    test.skip(`conformance cases: ${reason}`)
    return
  }
  const actor = makeActor(name, directory)
  const base = readBase(actor)
  const room = openCommandRoom(actor)
  afterAll(() => room.close())

  // An ordinary user has 65,536 ids, so a case with higher ones is root's; of the rest every third keeps the suite short.
  const mine = cases.filter((one, index) => name === 'root' || (one.highestId < 65_536 && index % 3 === 0))

  test.concurrent.each(mine.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const context = prepareContext(one)
    try {
      giveTo(actor, dirname(context.dir))
      for (const image of context.images) {
        const made = await room.run(['build', '-q', '-t', image.name, image.dir])
        expect(made.status, made.stderr).toBe(0)
      }
      const out = join(actor.home, 'layouts', one.name)
      const output = `type=oci,tar=false,dest=${out}`
      const built = await room.run(['build', ...one.flags, '-f', context.dockerfile, '-o', output, context.dir])
      if (one.needs !== undefined) {
        expect(built.status).toBe(125)
        expect(built.stderr).toContain('[not-supported]')
        return
      }
      const actual =
        built.status === 0
          ? actualImage(await readLayout(out), await base)
          : ({ kind: 'failure', output: built.stderr, exitCode: built.status ?? -1 } as const)
      expect(differences(one, actual), built.stderr).toEqual([])
    } finally {
      context.dispose()
    }
  })
})

/** The base image as a layout, to tell what a case changed. */
async function readBase(actor: Actor): ReturnType<typeof readLayout> {
  buildBase(actor)
  const out = join(actor.home, 'base-layout')
  if (!existsSync(out)) {
    const built = longshore(actor, [
      'build',
      '--output',
      `type=oci,tar=false,dest=${out}`,
      join(actor.home, 'base-context'),
    ])
    if (built.status !== 0) throw new Error(built.stderr)
  }
  return readLayout(out)
}
