import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

test.skipIf(unavailable('root') !== undefined)(
  'an image from elsewhere is no cache, whatever its history says (security 54)',
  { timeout: 300_000 },
  () => {
    const actor = makeActor('root', directory)
    buildBase(actor)
    const context = contextFor(actor, 'own', {
      Dockerfile: 'FROM longshore-base\nRUN echo honest > /made\n',
    })
    const elsewhere = { env: { LONGSHORE_ROOT: join(actor.home, 'elsewhere') } }
    const archive = join(actor.home, 'app.tar')
    const done = (args: readonly string[], options = {}): string => {
      const result = longshore(actor, args, options)
      expect(result.status, result.stderr).toBe(0)
      return result.stderr
    }
    done(['build', '-q', '-t', 'app', context])
    done(['save', '-q', '-o', archive, 'app', 'longshore-base'])
    done(['load', '-q', '-i', archive], elsewhere)
    // The loaded image has just the history that this build would make, and its step runs all the same.
    const progress = done(['build', '--progress', 'plain', '-t', 'app', context], elsewhere)
    expect(progress).toMatch(/RUN echo honest > \/made\n#\d+ DONE/)
    expect(progress).not.toMatch(/RUN echo honest > \/made\n#\d+ CACHED/)
  },
)
