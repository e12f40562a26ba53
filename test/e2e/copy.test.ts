import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostPlatform } from '../../src/oci/index.ts'
import { archive } from '../layer/archive-builder.ts'
import { type Actor, contextFor, longshore, longshoreAsync, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { LayoutWriter, pushLayout } from '../support/oci-image.ts'
import { missingRegistryParts, startRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

describe.each(['root', 'user'] as const)('as %s', (name) => {
  const reason = unavailable(name)
  if (reason !== undefined) {
    test.skip(`copies: ${reason}`)
    return
  }
  let me: Actor
  beforeAll(() => {
    me = makeActor(name, directory)
    buildBase(me)
  })

  test('a changed base keeps a linked copy, heredocs included, and the copy is right on the new one', () => {
    const dockerfile = (text: string): string =>
      [
        'FROM longshore-base',
        `RUN mkdir /there && echo ${text} > /there/base`,
        'COPY --link a <<b /there/',
        'heredoc',
        'b',
        'CMD cat /there/base /there/a /there/b',
        '',
      ].join('\n')
    const context = contextFor(me, 'link', { Dockerfile: dockerfile('one'), a: 'file\n' })
    const first = longshore(me, ['build', '-t', 'link', context])
    expect(first.status, first.stderr).toBe(0)
    expect(longshore(me, ['run', 'link']).stdout).toBe('one\nfile\nheredoc\n')
    writeFileSync(join(context, 'Dockerfile'), dockerfile('two'))
    const second = longshore(me, ['build', '-t', 'link', context])
    expect(second.stderr).toMatch(/COPY --link[^\n]*\n(?:[^\n]*\n)*?[^\n]*CACHED/)
    expect(longshore(me, ['run', 'link']).stdout).toBe('two\nfile\nheredoc\n')
    writeFileSync(join(context, 'Dockerfile'), dockerfile('two').replace('heredoc', 'other'))
    expect(longshore(me, ['build', '-t', 'link', context]).status).toBe(0)
    expect(longshore(me, ['run', 'link']).stdout).toBe('two\nfile\nother\n')
  })

  const parts = missingRegistryParts()
  test.skipIf(parts !== undefined)(
    'a pulled layer that leaves out directories of the layer below keeps their mode and owner',
    async () => {
      const registry = await startRegistry()
      try {
        await pushLean(join(directory, `layout-${name}`), registry.host)
        const context = contextFor(me, 'lean', {
          Dockerfile: `FROM longshore-base\nCOPY --from=${registry.host}/lean:1 / /lean/\nRUN stat -c '%n %a %u:%g' /lean/* /lean/srv/new > /out\nCMD cat /out\n`,
        })
        const built = await longshoreAsync(me, ['build', '-t', 'lean', context])
        expect(built.status, built.stderr).toBe(0)
        const { stdout } = await longshoreAsync(me, ['run', 'lean'])
        expect(stdout).toBe('/lean/srv 750 7:8\n/lean/tmp 1777 0:0\n/lean/srv/new 755 0:0\n')
      } finally {
        await registry.stop()
      }
    },
  )
})

/** Pushes an image whose second layer has no entries for directories of the first. */
async function pushLean(folder: string, host: string): Promise<void> {
  const writer = new LayoutWriter(folder)
  const layers = [
    archive({ name: 'tmp/', type: '5', mode: 0o1777 }, { name: 'srv/', type: '5', mode: 0o750, uid: 7, gid: 8 }),
    archive({ name: 'tmp/f', data: 'x' }, { name: 'srv/new/f', data: 'x' }),
  ].map((tar) => ({ tar, compression: 'gzip' as const }))
  writer.finish({ lean: writer.addImage(hostPlatform(process.arch), layers) })
  await pushLayout(folder, 'lean', `${host}/lean:1`)
}
