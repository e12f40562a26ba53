import { appendFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

describe.each(['root', 'user'] as const)('system check as %s', (name) => {
  const reason = unavailable(name)
  test.skipIf(reason !== undefined)(
    'finds damage, repairs it, and the next build makes it again',
    { timeout: 300_000 },
    () => {
      const actor = makeActor(name, directory)
      buildBase(actor)
      const context = contextFor(actor, 'checked', { Dockerfile: 'FROM longshore-base\nRUN echo checked > /checked\n' })
      const build = () => longshore(actor, ['build', '-q', '-t', 'checked', context])
      const check = (...flags: readonly string[]) => longshore(actor, ['system', 'check', ...flags])
      expect(build().status).toBe(0)
      const sound = check()
      expect(sound.stdout, sound.stderr).toMatch(/^Checked 2 images, \d+ layers, \d+ blobs: all is well\n$/)
      expect(sound.status).toBe(0)

      const store = join(actor.home, 'store')
      const layer = readdirSync(join(store, 'layers')).find((one) => {
        return statSync(join(store, 'layers', one, 'fs/checked'), { throwIfNoEntry: false }) !== undefined
      })
      appendFileSync(join(store, 'layers', layer ?? '', 'fs/checked'), 'more')
      expect(check('--quick').status).toBe(0)
      const damaged = check()
      expect(damaged.status).toBe(1)
      expect(damaged.stdout).toContain(`layer ${layer} is damaged: its files are not what they were`)
      expect(damaged.stderr).toContain('--repair')
      const repaired = check('--repair')
      expect(repaired.stdout).toContain('cannot be used: its layer')
      expect(repaired.status).toBe(0)
      expect(check().stdout).toContain('all is well')
      const again = build()
      expect(again.status, again.stderr).toBe(0)

      // A config with other bytes: the image is of no use, and its name leads nowhere.
      writeFileSync(join(store, 'blobs/sha256', again.stdout.trim().slice('sha256:'.length)), '{}')
      const { findings } = JSON.parse(check('--quick', '--format', 'json').stdout)
      expect(findings.map((finding: { readonly kind: string }) => finding.kind)).toEqual(['blob', 'image'])
      expect(check('--quick', '--repair').status).toBe(0)
      expect(longshore(actor, ['images', '-q', 'checked']).stdout).toBe('')
    },
  )
})
