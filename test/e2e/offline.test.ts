import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshoreAsync, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeRepository, startGitHttp } from '../support/git-server.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'
import { startWebServer } from '../support/web-server.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

describe.each(['root', 'user'] as const)('build --offline, as %s', (name) => {
  const obstacle = unavailable(name)
  let me: Actor
  beforeAll(() => {
    if (obstacle !== undefined) return
    me = makeActor(name, directory)
    buildBase(me)
  })

  test.skipIf(obstacle !== undefined)(
    'takes what was fetched before, asks no server, and lists all that is missing',
    async () => {
      const web = await startWebServer()
      web.pages.set('/f', { body: 'file\n', etag: '"1"' })
      const repository = makeRepository(directory, `offline-${name}`)
      repository.commit({ a: 'in git\n' })
      const git = await startGitHttp(directory)
      const lines = ['FROM longshore-base', `ADD ${web.url}/f /f`, `ADD ${git.url}/offline-${name}.git#main /g/`]
      const context = contextFor(me, 'fetched', { Dockerfile: lines.join('\n') })
      const first = await longshoreAsync(me, ['build', context])
      expect(first.status, first.stderr).toBe(0)
      web.log.length = 0
      web.pages.set('/f', { body: 'newer\n', etag: '"2"' })
      const again = await longshoreAsync(me, ['build', '--offline', context])
      expect(again.stdout).toBe(first.stdout)
      expect(web.log).toEqual([])

      const more = contextFor(me, 'missing', {
        Dockerfile: [
          ...lines,
          `ADD ${web.url}/other /o`,
          `ADD ${git.url}/other.git /o`,
          'COPY --from=example.com/app:1 /a /a',
        ].join('\n'),
      })
      const missing = await longshoreAsync(me, ['build', '--offline', more])
      expect(missing.status).toBe(125)
      expect(missing.stderr).toContain('error: --offline forbids the network, but this is needed from it:\n')
      for (const needed of [
        `  ${web.url}/other`,
        `  git ${git.url}/other.git`,
        '  the image example.com/app:1 for linux/',
      ])
        expect(missing.stderr).toContain(needed)
      expect(missing.stderr).toContain('longshore pull example.com/app:1')
      expect(web.log).toEqual([])
    },
  )

  test.skipIf(obstacle !== undefined)(
    'RUN steps have no network, whatever they ask for, and a failure says so',
    async () => {
      const text = 'FROM longshore-base\nRUN --network=host grep -c : /proc/net/dev; exit 1\n'
      const context = contextFor(me, 'silent', { Dockerfile: text })
      const { status, stderr } = await longshoreAsync(me, ['build', '--offline', context])
      expect(status).toBe(1)
      // The loopback alone.
      expect(stderr).toMatch(/^#\d+ [\d.]+ 1$/m)
      expect(stderr).toContain('hint: with --offline it had no network')
      const both = await longshoreAsync(me, ['build', '--offline', '--pull', context])
      expect(both.stderr).toContain('error: --pull asks registries, and --offline forbids it [usage]')
    },
  )
})
