import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contextFor, giveTo, longshoreAsync, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeRepository, startGitHttp } from '../support/git-server.ts'
import { busyboxTar, LayoutWriter, makeTar, pushLayout } from '../support/oci-image.ts'
import { missingRegistryParts, startRegistry, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'
import { startWebServer } from '../support/web-server.ts'

const missing = missingRegistryParts()
const directory = makeTemporaryDirectory()
const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
let registry: TestRegistry | undefined
beforeAll(async () => {
  buildBase(me)
  if (missing === undefined) registry = await startRegistry()
})
afterAll(async () => {
  await registry?.stop()
  removeDirectory(directory)
})

/** Pushes an image for two platforms with a file `/version`; gives the digests of its manifests by platform. */
async function push(version: string): Promise<Readonly<Record<string, string>>> {
  const folder = join(directory, `layout-${version}`)
  const layout = new LayoutWriter(folder)
  const layers = [
    { tar: await busyboxTar(), compression: 'gzip' },
    { tar: await makeTar({ version: `${version}\n` }), compression: 'gzip' },
  ] as const
  const images = ['amd64', 'arm64'].map((architecture) => layout.addImage({ os: 'linux', architecture }, layers))
  layout.finish({ it: layout.addIndex(images) })
  await pushLayout(folder, 'it', `${registry?.host}/tools/base:1`)
  return { 'linux/amd64': images[0]?.digest ?? '', 'linux/arm64': images[1]?.digest ?? '' }
}

const sha512 = (text: string): string => `sha512-${createHash('sha512').update(text).digest('base64')}`

test.skipIf(missing !== undefined)(
  'a build keeps to what was locked, and refuses what is not or has changed',
  { timeout: 240_000 },
  async () => {
    const web = await startWebServer()
    web.pages.set('/tool', 'tool 1\n')
    const repository = makeRepository(directory, 'locked')
    const commit = repository.commit({ a: 'commit 1\n' })
    const git = await startGitHttp(directory)
    const digests = await push('1')
    const image = `${registry?.host}/tools/base:1`
    const base = `FROM ${image}\nADD ${web.url}/tool /tool\nADD ${git.url}/locked.git#main /git/\n`
    const context = contextFor(me, 'locked', {
      Dockerfile: `FROM longshore-base AS unused\n${base}RUN cat /version /tool /git/a\n`,
    })
    const lockFile = join(context, 'longshore.lock')
    const build = (...args: string[]): ReturnType<typeof longshoreAsync> =>
      longshoreAsync(me, ['build', ...args, context])

    expect((await build('--locked')).stderr).toContain(`error: there is no lock file "${lockFile}" [lock-mismatch]`)
    const locked = await longshoreAsync(me, ['lock', context])
    expect(locked.stdout, locked.stderr).toBe(`${lockFile}\n`)
    expect(locked.stderr).toBe('locked: 2 images, 1 file, 1 repository\n')
    const text = readFileSync(lockFile, 'utf8')
    const lock = JSON.parse(text)
    expect(lock).toEqual({
      version: 1,
      images: { [image]: digests, 'longshore-base:latest': { 'linux/amd64': expect.stringMatching(/^sha256:/) } },
      files: { [`${web.url}/tool`]: sha512('tool 1\n') },
      repositories: { [`${git.url}/locked.git#main`]: commit },
    })
    expect(text).toBe(`${JSON.stringify(lock, null, 2)}\n`)
    expect((await longshoreAsync(me, ['lock', context])).stderr).toMatch(/^unchanged: /)

    // Names move on: a build takes what is new, a locked one what it was.
    await push('2')
    repository.commit({ a: 'commit 2\n' })
    const first = await build('--locked', '--progress', 'plain')
    expect(first.status, first.stderr).toBe(0)
    for (const line of ['1', 'tool 1', 'commit 1'])
      expect(first.stderr).toMatch(new RegExp(`^#\\d+ [\\d.]+ ${line}$`, 'm'))
    expect((await build('--pull', '--progress', 'plain')).stderr).toMatch(/ commit 2$/m)
    expect((await build('--locked')).stdout).toBe(first.stdout)

    // What is behind a URL cannot be had any more as it was.
    web.pages.set('/tool', 'tool 2\n')
    // The store still has it.
    expect((await build('--locked')).stdout).toBe(first.stdout)
    expect((await build()).status).toBe(0)
    const changed = await build('--locked')
    expect(changed.status).toBe(125)
    expect(changed.stderr).toContain(
      `error: ${web.url}/tool is locked as ${sha512('tool 1\n')} in "${lockFile}", but is sha512:`,
    )
    web.pages.set('/tool', 'tool 1\n')

    const more = contextFor(me, 'locked', {
      More: `${base}ADD ${web.url}/other /o\nADD ${git.url}/locked.git#next /n/\n`,
    })
    const refused = await longshoreAsync(me, ['build', '--locked', '-f', join(more, 'More'), more])
    expect(refused.stderr).toContain(`error: ${web.url}/other is not in the lock file "${lockFile}" [lock-mismatch]`)
    expect(refused.stderr).toContain(
      `error: ${git.url}/locked.git#next is not in the lock file "${lockFile}" [lock-mismatch]`,
    )
    expect(refused.stderr).toContain('hint: run longshore lock, look at what it changed, and commit the file')

    writeFileSync(lockFile, text.replace('"version": 1', '"version": 2'))
    giveTo(me, context)
    expect((await build('--locked')).stderr).toContain('its version is 2, expected 1 [lock-mismatch]')
    expect((await build('--locked', '--pull')).stderr).toContain('[usage]')
    expect((await build('--lockfile', 'x')).stderr).toContain('error: --lockfile names a file for --locked [usage]')
  },
)

test('--add-host: names are known to RUN and part of its key, addresses are not', async () => {
  const context = contextFor(me, 'hosts', { Dockerfile: 'FROM longshore-base\nRUN grep -v local /etc/hosts\n' })
  const build = (...hosts: string[]): ReturnType<typeof longshoreAsync> =>
    longshoreAsync(me, ['build', '--progress', 'plain', ...hosts.flatMap((host) => ['--add-host', host]), context])
  const first = await build('db:10.0.0.5', 'here=host-gateway')
  expect(first.stderr).toMatch(/ 10\.0\.0\.5\tdb\n.* 127\.0\.0\.1\there\n/)
  expect((await build('here:10.9.9.9', 'db:10.0.0.6')).stderr).toMatch(/RUN grep[^\n]*\n#\d+ CACHED/)
  expect((await build('db:10.0.0.5')).stderr).toContain(' 10.0.0.5\tdb')
  expect((await build('db')).stderr).toContain('error: cannot read --add-host "db" [usage]')
})
