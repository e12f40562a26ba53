import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshoreAsync, makeActor, runAs, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { account, missingRegistryParts, startRegistry, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const missing = missingRegistryParts()
const directory = makeTemporaryDirectory()
let registry: TestRegistry | undefined
let locked: TestRegistry | undefined
let secure: TestRegistry | undefined
beforeAll(async () => {
  if (missing !== undefined) return
  ;[registry, locked, secure] = await Promise.all([
    startRegistry(),
    startRegistry({ basic: true }),
    startRegistry({ tls: true }),
  ])
})
afterAll(async () => {
  await Promise.all([registry?.stop(), locked?.stop(), secure?.stop()])
  removeDirectory(directory)
})

describe.each(['root', 'user'] as const)('as %s', (name) => {
  const reason = unavailable(name) ?? missing
  const story = reason === undefined ? test : test.skip
  const actor: Actor | undefined = reason === undefined ? makeActor(name, directory) : undefined
  if (actor !== undefined) buildBase(actor)
  const me = (): Actor => {
    if (actor === undefined) throw new Error(reason)
    return actor
  }
  const at = (repository: string): string => `${registry?.host}/${name}/${repository}`
  // Not synchronous: the log of the registry is read by this process, and would block it.
  const run = (...args: readonly string[]) => longshoreAsync(me(), args)
  const done = async (...args: readonly string[]): Promise<string> => {
    const result = await run(...args)
    expect(result.status, result.stderr).toBe(0)
    return result.stdout.trim()
  }
  const skopeo = (...args: readonly string[]): string => {
    const result = runAs(me(), ['skopeo', ...args])
    expect(result.status, result.stderr).toBe(0)
    return result.stdout
  }
  const manifest = (repository: string) =>
    JSON.parse(skopeo('inspect', '--raw', '--tls-verify=false', `docker://${at(repository)}`))
  const build = (tag: string, ...lines: readonly string[]): Promise<string> => {
    const context = contextFor(me(), `of-${tag}`, { Dockerfile: ['FROM longshore-base', ...lines].join('\n') })
    return done('build', '-q', '-t', tag, context)
  }

  story('push, and pull by others and by ourselves', { timeout: 180_000 }, async () => {
    const id = await build('pushed', 'RUN echo pushed > /pushed')
    const first = await run('push', 'pushed', at('pushed:1'))
    expect(first.status, first.stderr).toBe(0)
    expect(first.stderr).toContain('[push] layer')
    const digest = first.stdout.trim()
    expect(JSON.parse(skopeo('inspect', '--tls-verify=false', `docker://${at('pushed:1')}`)).Digest).toBe(digest)
    const again = await run('push', '--digestfile', join(me().home, 'digest'), 'pushed', at('pushed:2'))
    expect(again.stdout.trim()).toBe(digest)
    expect(again.stderr).not.toMatch(/layer \S+ [\d.]+[kM]?B/)
    expect(readFileSync(join(me().home, 'digest'), 'utf8')).toBe(digest)
    const store = ['--root', join(me().home, 'store-second')]
    expect(await done(...store, 'pull', '-q', at('pushed:1'))).toBe(id)
    expect(await done(...store, 'run', '--rm', at('pushed:1'), 'cat', '/pushed')).toBe('pushed')
    // What was pulled goes on byte for byte, other repositories of the registry lend their blobs.
    expect(await done(...store, 'push', '-q', at('pushed:1'), at('onward:1'))).toBe(digest)
  })

  story('zstd, no compression, and docker media types', { timeout: 180_000 }, async () => {
    const id = await build('forms', 'RUN echo forms > /forms')
    await done('push', '-q', '--compression', 'zstd', '--compression-level', '9', 'forms', at('zstd:1'))
    await done('push', '-q', '--compression', 'uncompressed', '--format', 'docker', 'forms', at('plain:1'))
    const types = (repository: string): unknown =>
      manifest(repository).layers.map((layer: { readonly mediaType: string }) => layer.mediaType)
    expect(types('zstd:1')).toContain('application/vnd.oci.image.layer.v1.tar+zstd')
    expect(types('plain:1')).toContain('application/vnd.docker.image.rootfs.diff.tar')
    for (const repository of ['zstd:1', 'plain:1'])
      expect(await done('--root', join(me().home, `store-${repository}`), 'pull', '-q', at(repository))).toBe(id)
  })

  story('build --push and --output type=registry', { timeout: 180_000 }, async () => {
    const context = contextFor(me(), 'of-built', { Dockerfile: 'FROM longshore-base\nENV A=1\n' })
    const metadata = join(me().home, 'metadata.json')
    const id = await done(
      'build',
      '--push',
      '-t',
      at('built:1'),
      '-t',
      at('built:2'),
      '--metadata-file',
      metadata,
      context,
    )
    const written = JSON.parse(readFileSync(metadata, 'utf8'))
    expect(written['containerimage.config.digest']).toBe(id)
    for (const tag of ['built:1', 'built:2']) expect(manifest(tag).config.digest).toBe(id)
    expect(await done('inspect', '-f', '{{index .RepoDigests 0}}', at('built:1'))).toBe(
      `${at('built')}@${written['containerimage.digest']}`,
    )
    await done(
      'build',
      '-q',
      '-o',
      `type=image,name=${at('named:1')},push=true,compression=zstd,force-compression=true`,
      context,
    )
    expect(manifest('named:1').layers.at(-1).mediaType).toContain('zstd')
    const unnamed = await run('build', '--push', context)
    expect(unnamed.status).toBe(125)
    expect(unnamed.stderr).toContain('has no name that says where to')
    expect((await done('push', '--all-tags', at('built'))).split('\n')).toHaveLength(2)
  })

  story('credentials and certificates are asked for, and taken', { timeout: 180_000 }, async () => {
    await build('private', 'RUN echo private > /private')
    const place = `${locked?.host}/${name}/private:1`
    const refused = await run('push', 'private', place)
    expect(refused.status).toBe(125)
    expect(refused.stderr).toContain('registry-denied')
    expect(refused.stderr).toContain(`longshore login ${locked?.host}`)
    await done('push', '-q', '--creds', `${account.username}:${account.password}`, 'private', place)
    const auth = Buffer.from(`${account.username}:${account.password}`).toString('base64')
    writeFileSync(join(me().home, 'auth.json'), JSON.stringify({ auths: { [locked?.host ?? '']: { auth } } }))
    await done('pull', '-q', '--authfile', 'auth.json', place)
    const tls = `${secure?.host}/${name}/private:1`
    expect((await run('push', 'private', tls)).stderr).toContain('is not trusted')
    await done('push', '-q', '--tls-verify=false', 'private', tls)
  })

  story('what cannot be pushed', { timeout: 180_000 }, async () => {
    const id = await build('wrong', 'RUN echo wrong > /wrong')
    const failing = async (...args: readonly string[]): Promise<string> => {
      const result = await run(...args)
      expect(result.status).toBe(125)
      return result.stderr
    }
    expect(await failing('push', 'wrogn:latest')).toContain('did you mean "wrong:latest"?')
    expect(await failing('push', id)).toContain('does not say where to push to')
    expect(await failing('push', 'wrong', 'oci:/tmp/x')).toContain('longshore save')
    expect(await failing('push', '--compression', 'lzma', 'wrong', at('wrong:1'))).toContain('choose gzip, zstd')
    expect(await failing('push', '--tls-verify=perhaps', 'wrong', at('wrong:1'))).toContain('Write true or false.')
    expect(await failing('push', '--all-tags', 'wrong:latest')).toContain('without a tag')
    expect(await failing('push', '--creds', 'secret', 'wrong', at('wrong:1'))).not.toContain('"secret"')
  })
})
