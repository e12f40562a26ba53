import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshoreAsync, makeActor, runAs, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { missingRegistryParts, startRegistry, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
const missing = missingRegistryParts()
const first = unavailable('root') === undefined ? 'root' : 'user'
let registry: TestRegistry

beforeAll(async () => {
  if (missing === undefined) registry = await startRegistry()
})
afterAll(async () => {
  await registry?.stop()
  removeDirectory(directory)
})

describe.each(['root', 'user'] as const)('kaniko, as %s', (name) => {
  const obstacle = missing ?? unavailable(name)
  let me: Actor
  let context: string

  beforeAll(() => {
    if (obstacle !== undefined) return
    me = makeActor(name, directory)
    buildBase(me)
    context = contextFor(me, 'kaniko', { 'docker/Dockerfile': 'FROM longshore-base\nARG A\nRUN echo $A > /a\n' })
    runAs(me, ['tar', '-czf', join(me.home, 'context.tgz'), '-C', context, '.'])
  })

  test.skipIf(obstacle !== undefined)('an archive as context is built, pushed, and its digest written', async () => {
    const image = `${registry.host}/team/${name}:1`
    const words = ['kaniko', '--context', 'tar://context.tgz', '--dockerfile=docker/Dockerfile', '-d', image]
    const files = ['--digest-file=digest', '--image-name-tag-with-digest-file', 'named', '--cleanup']
    const result = await longshoreAsync(me, [...words, ...files, '--build-arg', 'A=7'], { cwd: me.home })
    expect(result.status, result.stderr).toBe(0)
    expect(result.stderr).toMatch(/^kaniko: --cleanup changes nothing here: [^\n]*\n#1/)
    const digest = readFileSync(join(me.home, 'digest'), 'utf8')
    expect(readFileSync(join(me.home, 'named'), 'utf8')).toBe(`${image}@${digest}\n`)
    const inspect = ['skopeo', 'inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${image}`]
    expect(runAs(me, inspect).stdout.trim()).toBe(digest)
    const { stdout } = await longshoreAsync(me, ['run', '--rm', image, 'cat', '/a'])
    expect(stdout).toBe('7\n')
  })

  // The same for everybody from here on.
  if (name !== first) return

  test.skipIf(obstacle !== undefined)('a mirror of docker.io is asked in its place', async () => {
    const own = `${registry.host}/mirrored/team/base:${name}`
    expect((await longshoreAsync(me, ['push', 'longshore-base', own])).status).toBe(0)
    const from = contextFor(me, 'mirrored', { Dockerfile: `FROM team/base:${name}\n` })
    const words = ['kaniko', '--context', from, '--no-push', `--registry-mirror=${registry.host}/mirrored`]
    const result = await longshoreAsync(me, [...words, '--skip-default-registry-fallback'])
    expect(result.status, result.stderr).toBe(0)
  })

  test.skipIf(obstacle !== undefined)('results are found in the repository for them, from another store', async () => {
    const image = `${registry.host}/cached/${name}:1`
    const words = ['kaniko', '--context', context, '-f', 'docker/Dockerfile', '-d', image, '--cache=true']
    const sent = await longshoreAsync(me, words)
    expect(sent.status, sent.stderr).toBe(0)
    const other = { env: { LONGSHORE_ROOT: join(me.home, 'other') } }
    await longshoreAsync(me, ['build', '-q', '-t', 'longshore-base', join(me.home, 'base-context')], other)
    const second = await longshoreAsync(me, [...words, '--no-push-cache'], other)
    expect(second.status, second.stderr).toBe(0)
    expect(second.stderr).toMatch(/RUN echo \$A > \/a\n#\d+ CACHED/)
  })

  test.skipIf(obstacle !== undefined)('a single snapshot is one layer', async () => {
    const words = ['kaniko', '--context', context, '-f', 'docker/Dockerfile', '--single-snapshot', '--no-push']
    const id = (await longshoreAsync(me, words)).stdout.trim()
    const { stdout } = await longshoreAsync(me, ['inspect', '--format', '{{len .RootFS.Layers}}', id])
    expect(stdout.trim()).toBe('2')
  })
})
