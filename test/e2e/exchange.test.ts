import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshore, makeActor, runAs, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { missingRegistryParts, startRegistry, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const missing =
  missingRegistryParts() ?? (spawnSync('umoci', ['--version']).status === 0 ? undefined : 'not installed: umoci')
const directory = makeTemporaryDirectory()
let registry: TestRegistry | undefined
beforeAll(async () => {
  if (missing === undefined) registry = await startRegistry()
})
afterAll(async () => {
  await registry?.stop()
  removeDirectory(directory)
})

/** Two stages side by side; each RUN sets the times of what it writes, so that its tar depends on nothing else. */
const dockerfile = [
  'FROM longshore-base AS one',
  'WORKDIR /one',
  'COPY a.txt ./',
  'RUN cat a.txt > made && touch -d @1000 made .',
  'FROM longshore-base AS two',
  'COPY --chown=1000:1000 b/ /two/',
  'RUN rm /etc/group && ln /two/b.txt /two/hard && touch -d @1000 /two/hard /two /etc',
  'FROM longshore-base',
  'COPY --from=one /one /one',
  'COPY --from=two /two /two',
  'RUN rm -r /one/a.txt && touch -d @1000 /one',
  'ENV KEY=value',
  'CMD ["sh", "-c", "cat /one/made; stat -c %u:%g:%h /two/b.txt"]',
].join('\n')

function done(result: { readonly status: number | null; readonly stdout: string; readonly stderr: string }): string {
  expect(result.status, result.stderr).toBe(0)
  return result.stdout
}

describe.each(['root', 'user'] as const)('as %s', (name) => {
  const reason = unavailable(name) ?? missing
  const story = reason === undefined ? test : test.skip
  const actor: Actor | undefined = reason === undefined ? makeActor(name, directory) : undefined
  let context = ''
  if (actor !== undefined) {
    buildBase(actor)
    context = contextFor(actor, 'exchange', { Dockerfile: dockerfile, 'a.txt': 'a\n', 'b/b.txt': 'b\n' })
  }
  const me = (): Actor => {
    if (actor === undefined) throw new Error(reason)
    return actor
  }

  /** Builds into a layout, by a store of its own when `store` is given; gives the image ID and the layers' diffIds. */
  const build = (layout: string, jobs: string, store?: string): { readonly id: string; readonly diffIds: unknown } => {
    const root = store === undefined ? [] : ['--root', join(me().home, store)]
    if (store !== undefined)
      done(longshore(me(), [...root, 'build', '-q', '-t', 'longshore-base', join(me().home, 'base-context')]))
    const output = `type=oci,tar=false,dest=${layout}`
    const id = done(longshore(me(), [...root, 'build', '-q', '-t', 'app:1', '--jobs', jobs, '-o', output, context]))
    const inspected = done(runAs(me(), ['skopeo', 'inspect', '--config', '--raw', `oci:${join(me().home, layout)}:1`]))
    return { id, diffIds: JSON.parse(inspected).rootfs.diff_ids }
  }

  story('one job and four, an empty store and a full one make the same layers', { timeout: 180_000 }, () => {
    const first = build('layout', '4')
    expect(first.diffIds).toHaveLength(4)
    expect(build('layout-cached', '1')).toEqual(first)
    expect(build('layout-one', '1', 'store-one').diffIds).toEqual(first.diffIds)
    expect(build('layout-four', '4', 'store-four').diffIds).toEqual(first.diffIds)
  })

  story(
    'skopeo and umoci take the layout; pulled back from a registry it is the same image',
    { timeout: 180_000 },
    () => {
      const { id, diffIds } = build('layout', '2')
      const layout = `oci:${join(me().home, 'layout')}:1`
      const inspected = JSON.parse(done(runAs(me(), ['skopeo', 'inspect', layout])))
      expect(inspected).toMatchObject({ Os: 'linux', Env: expect.arrayContaining(['KEY=value']) })
      expect(inspected.Layers).toHaveLength(4)
      const bundle = join(me().home, 'bundle-exchange')
      const rootless = name === 'user' ? ['--rootless'] : []
      done(runAs(me(), ['umoci', 'unpack', ...rootless, '--image', `${join(me().home, 'layout')}:1`, bundle]))
      expect(readFileSync(join(bundle, 'rootfs/one/made'), 'utf8')).toBe('a\n')

      const remote = `${registry?.host}/${name}/app:1`
      const copy = ['skopeo', '--insecure-policy', 'copy', '--dest-tls-verify=false', layout, `docker://${remote}`]
      done(runAs(me(), [...copy, '--preserve-digests']))
      const other = ['--root', join(me().home, 'store-pulled')]
      expect(done(longshore(me(), [...other, 'pull', '-q', remote]))).toBe(id)
      expect(done(longshore(me(), [...other, 'run', '--rm', remote]))).toBe('a\n1000:1000:2\n')
      const again = contextFor(me(), 'again', { Dockerfile: `FROM ${remote}\n` })
      const output = ['-t', 'again:1', '-o', 'type=oci,tar=false,dest=layout-again']
      done(longshore(me(), [...other, 'build', '-q', ...output, again]))
      const config = ['skopeo', 'inspect', '--config', '--raw', `oci:${join(me().home, 'layout-again')}:1`]
      expect(JSON.parse(done(runAs(me(), config))).rootfs.diff_ids).toEqual(diffIds)
    },
  )
})
