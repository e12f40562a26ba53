import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hostPlatform } from '../../src/oci/index.ts'
import { foreignProgram } from '../../src/sandbox/foreign-program.ts'
import {
  type Actor,
  checkout,
  contextFor,
  giveTo,
  longshoreAsync,
  makeActor,
  type RunOptions,
  runAs,
  unavailable,
} from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { LayoutWriter, makeTar, pushLayout } from '../support/oci-image.ts'
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

const host = `linux/${hostPlatform(process.arch).architecture}`
const foreign = host === 'linux/arm64' ? 'linux/s390x' : 'linux/arm64'
const both = `${host},${foreign}`

/** A stage of the build platform that runs once, and one for each platform that only copies. */
const dockerfile = [
  'FROM --platform=$BUILDPLATFORM longshore-base AS tools',
  'RUN echo made on $(uname -s) > /made && touch -d @1000 /made',
  'FROM --platform=$BUILDPLATFORM longshore-base AS cross',
  'ARG TARGETPLATFORM TARGETARCH BUILDPLATFORM',
  'RUN echo $BUILDPLATFORM makes $TARGETPLATFORM > /cross && touch -d @1000 /cross',
  'FROM scratch',
  'ARG TARGETARCH',
  'COPY --from=tools /made /made',
  'COPY --from=cross /cross /cross',
  'ENV ARCH=$TARGETARCH',
].join('\n')

interface Entry {
  readonly digest: string
  readonly mediaType: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform: Readonly<Record<string, unknown>>
}
interface Index {
  readonly mediaType: string
  readonly manifests: readonly Entry[]
}

function parseIndex(text: string): Index {
  const value: Index = JSON.parse(text)
  return value
}

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
  const run = (args: readonly string[], options: RunOptions = {}) => longshoreAsync(me(), args, options)
  const done = async (...args: readonly string[]): Promise<string> => {
    const result = await run(args)
    expect(result.status, result.stderr).toBe(0)
    return result.stdout.trim()
  }
  const fails = async (...args: readonly string[]): Promise<string> => {
    const result = await run(args)
    expect(result.status, result.stdout).not.toBe(0)
    return result.stderr
  }
  const peer = (...command: readonly string[]): string => {
    const result = runAs(me(), command)
    expect(result.status, result.stderr).toBe(0)
    return result.stdout
  }
  const rawManifest = (repository: string): string =>
    peer('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${at(repository)}`)
  const inStore = (store: string): readonly string[] => ['--root', join(me().home, store)]
  const context = (): string => contextFor(me(), 'several', { Dockerfile: dockerfile })
  const built = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await done('build', '-q', '--platform', both, ...args, context())).split('\n')

  story('one graph builds all, and gives an index', { timeout: 180_000 }, async () => {
    const [metadata, idFile] = [join(me().home, 'metadata'), join(me().home, 'iid')]
    const files = ['--metadata-file', metadata, '--iidfile', idFile]
    const first = await run(['build', '--progress', 'plain', '--platform', both, '-t', 'app', ...files, context()])
    expect(first.status, first.stderr).toBe(0)
    const starts = (text: string): number => first.stderr.split('\n').filter((line) => line.includes(text)).length
    expect(starts(`] RUN echo made on`)).toBe(1)
    expect(starts(`[${host} cross 2/2] RUN`)).toBe(1)
    expect(starts(`[${host}->${foreign.slice('linux/'.length)} cross 2/2] RUN`)).toBe(1)
    expect(first.stderr).toContain(`[${foreign} stage-2 2/3] COPY --from=tools`)
    const ids = first.stdout.trim().split('\n')
    expect(ids).toHaveLength(2)
    expect(readFileSync(idFile, 'utf8')).toBe(ids.join('\n'))
    expect(JSON.parse(readFileSync(metadata, 'utf8'))).toEqual({
      'buildx.build.provenance': expect.anything(),
      'longshore.platforms': { [host]: ids[0], [foreign]: ids[1] },
      'image.name': 'app:latest',
    })
    // The same again is all cached, and the same.
    expect(await built('-t', 'app')).toEqual(ids)

    const layout = `type=oci,tar=false,dest=${join(me().home, 'layout')}`
    const trees = `type=local,dest=${join(me().home, 'trees')}`
    await built('-t', 'app', ...files, '-o', layout, '-o', trees)
    const [entry] = parseIndex(readFileSync(join(me().home, 'layout/index.json'), 'utf8')).manifests
    expect(readFileSync(idFile, 'utf8')).toBe(entry?.digest)
    expect(JSON.parse(readFileSync(metadata, 'utf8'))).toMatchObject({
      'containerimage.digest': entry?.digest,
      'containerimage.descriptor': { mediaType: 'application/vnd.oci.image.index.v1+json', digest: entry?.digest },
    })
    for (const platform of [host, foreign]) {
      const cross = join(me().home, 'trees', platform.replaceAll('/', '_'), 'cross')
      expect(readFileSync(cross, 'utf8')).toBe(`${host} makes ${platform}\n`)
    }
    const copied = join(me().home, 'copied')
    peer(
      'skopeo',
      '--insecure-policy',
      'copy',
      '-q',
      '--all',
      `oci:${join(me().home, 'layout')}:latest`,
      `oci:${copied}:x`,
    )
    const architecture = foreign.slice('linux/'.length)
    const config = (place: string): { readonly config: { readonly Env: readonly string[] } } =>
      JSON.parse(peer('skopeo', `--override-arch=${architecture}`, 'inspect', '--config', `oci:${place}:x`))
    expect(config(copied).config.Env).toContain(`ARCH=${architecture}`)
  })

  story('the name has them all, until they are taken off it', { timeout: 180_000 }, async () => {
    // Labels make other images of it than those of the other stories.
    const ids = await built('-t', 'named', '--label', 'story=named')
    const listed = (): Promise<string> => done('images', '--no-trunc', '--format', '{{.Platform}} {{.ID}}', 'named')
    expect((await listed()).split('\n').sort()).toEqual([`${host} ${ids[0]}`, `${foreign} ${ids[1]}`].sort())
    expect(await done('images', 'named')).toMatch(/IMAGE ID +PLATFORM +CREATED/)
    expect(await done('inspect', '-f', '{{.Id}} {{.RepoTags}}', 'named')).toBe(`${ids[0]} [named:latest]`)
    expect(await done('inspect', '--platform', foreign, '-f', '{{.Id}}', 'named')).toBe(ids[1])
    expect(await done('history', '--platform', foreign, '--format', '{{.CreatedBy}}', 'named')).toContain('ARCH=')
    expect(await fails('inspect', '--platform', 'linux/riscv64', 'named')).toContain('[platform-mismatch]')
    await done('tag', 'named', 'other:1')
    await done('rmi', 'named')
    expect(await done('images', '-q', 'other')).toMatch(/^\w{12}\n\w{12}$/)
    expect(await done('rmi', '--platform', foreign, 'other:1')).toContain(`Untagged: other:1 (${foreign})`)
    expect(await done('images', '--format', '{{.Platform}}', 'other')).toBe(host)
    // One platform alone takes the name for itself.
    await built('-t', 'other:1', '--label', 'story=named')
    await done('build', '-q', '--platform', foreign, '-t', 'other:1', '--label', 'story=named', context())
    expect(await done('inspect', '-f', '{{.Id}}', 'other:1')).toBe(ids[1])
    expect(await done('images', '--format', '{{.Platform}}', 'other')).toBe(foreign)
    const other = await run(['run', '--rm', '--platform', host, '--pull', 'never', 'other:1', '/made'])
    expect(other.stderr).toContain(`only for ${foreign}, not for ${host} [platform-mismatch]`)
    expect(await done('system', 'check')).toContain('all is well')
  })

  story('push sends an index; pull takes what is asked for, and puts it beside', { timeout: 300_000 }, async () => {
    const ids = await built('--push', '-t', at('pushed:1'))
    const raw = rawManifest('pushed:1')
    const index = parseIndex(raw)
    expect(index.manifests.map(({ platform }) => `${platform['os']}/${platform['architecture']}`)).toEqual([
      host,
      foreign,
    ])
    const other = inStore('store-pull')
    expect(await done(...other, 'pull', '-q', at('pushed:1'))).toBe(ids[0])
    expect(await done(...other, 'images', '--format', '{{.Platform}}')).toBe(host)
    // What is not the whole says so.
    const part = await run([...other, 'push', at('pushed:1'), at('part:1')])
    expect(part.status, part.stderr).toBe(0)
    expect(parseIndex(rawManifest('part:1')).manifests).toBeUndefined()
    expect(await done(...other, 'pull', '-q', '--platform', foreign, at('pushed:1'))).toBe(ids[1])
    expect((await done(...other, 'images', '--format', '{{.Platform}}')).split('\n').sort()).toEqual(
      [host, foreign].sort(),
    )
    expect(await done(...other, 'inspect', '-f', '{{.Id}}', at('pushed:1'))).toBe(ids[0])
    // Pulled whole, it goes on byte for byte.
    await done(...other, 'push', '-q', at('pushed:1'), at('onward:1'))
    expect(rawManifest('onward:1')).toBe(raw)
    expect((await done(...inStore('store-all'), 'pull', '-q', '--all-platforms', at('onward:1'))).split('\n')).toEqual(
      ids,
    )
    await done(...other, 'push', '-q', '--platform', foreign, at('pushed:1'), at('one:1'))
    expect(JSON.parse(rawManifest('one:1')).config.digest).toBe(ids[1])
    // A name that the registry gives to others keeps nothing of what it had.
    await done(
      'build',
      '-q',
      '--platform',
      both,
      '--build-arg',
      'X=1',
      '--label',
      'new=1',
      '--push',
      '-t',
      at('pushed:1'),
      context(),
    )
    await done(...other, 'pull', '-q', at('pushed:1'))
    expect(await done(...other, 'images', '--format', '{{.Platform}}', at('pushed'))).toBe(host)
    expect(await done(...other, 'images', '-a', '-f', 'dangling=true', '-q')).not.toBe('')
    expect(await done(...other, 'system', 'check')).toContain('all is well')
  })

  story.each([
    [
      'docker media types',
      ['--format', 'docker'],
      'application/vnd.docker.distribution.manifest.list.v2+json',
      /docker.*gzip$/,
    ],
    ['zstd', ['--compression', 'zstd'], 'application/vnd.oci.image.index.v1+json', /tar\+zstd$/],
    ['no compression', ['--compression', 'uncompressed'], 'application/vnd.oci.image.index.v1+json', /tar$/],
  ])('an index in %s', { timeout: 180_000 }, async (title, flags, mediaType, layerType) => {
    const repository = title.replaceAll(' ', '-')
    const ids = await built('-t', 'forms')
    await done('push', '-q', ...flags, 'forms', at(`${repository}:1`))
    const index = parseIndex(rawManifest(`${repository}:1`))
    expect(index.mediaType).toBe(mediaType)
    const layers = index.manifests.flatMap(({ digest }) => JSON.parse(rawManifest(`${repository}@${digest}`)).layers)
    for (const layer of layers) expect(layer.mediaType).toMatch(layerType)
    // skopeo takes it whole, and what skopeo gives back we take whole.
    const copy = join(me().home, `of-${repository}.tar`)
    const isDocker = title.startsWith('docker')
    const place = isDocker ? `docker://${at('loaded:1')}` : `oci-archive:${copy}:${at('loaded:1')}`
    const tls = ['--src-tls-verify=false', '--dest-tls-verify=false']
    const all = ['--insecure-policy', 'copy', '-q', '--all', '--preserve-digests', ...tls]
    peer('skopeo', ...all, `docker://${at(`${repository}:1`)}`, place)
    const other = inStore(`store-${repository}`)
    if (isDocker) await done(...other, 'pull', '-q', '--all-platforms', at('loaded:1'))
    else expect(await done(...other, 'load', '-q', '-i', copy)).toBe(`Loaded image: ${at('loaded:1')}`)
    expect((await done(...other, 'images', '--no-trunc', '-q')).split('\n').sort()).toEqual([...ids].sort())
    await done(...other, 'push', '-q', at('loaded:1'), at(`${repository}:2`))
    expect(rawManifest(`${repository}:2`)).toBe(rawManifest(`${repository}:1`))
  })

  story('save and load keep all, or the one that is asked for', { timeout: 180_000 }, async () => {
    const ids = await built('-t', 'saved')
    for (const format of ['docker-archive', 'oci-archive']) {
      const archive = join(me().home, `${format}.tar`)
      await done('save', '-q', '--format', format, '-o', archive, 'saved')
      const other = inStore(`store-${format}`)
      expect(await done(...other, 'load', '-q', '-i', archive)).toBe('Loaded image: saved:latest')
      expect(await done(...other, 'inspect', '-f', '{{.Id}}', 'saved')).toBe(ids[0])
      expect(await done(...other, 'inspect', '--platform', foreign, '-f', '{{.Id}}', 'saved')).toBe(ids[1])
      const one = inStore(`store-one-${format}`)
      await done(...one, 'load', '-q', '--platform', foreign, '-i', archive)
      expect(await done(...one, 'images', '--no-trunc', '-q')).toBe(ids[1])
    }
    // docker's part of the archive, which knows no platforms, is for this machine.
    const [entry] = JSON.parse(peer('tar', 'xOf', join(me().home, 'docker-archive.tar'), 'manifest.json'))
    expect(entry).toMatchObject({
      RepoTags: ['saved:latest'],
      Config: `blobs/sha256/${ids[0]?.slice('sha256:'.length)}`,
    })
    const layout = join(me().home, 'saved-layout')
    await done('save', '-q', '--format', 'oci-dir', '--platform', foreign, '-o', layout, 'saved')
    peer(
      'umoci',
      'unpack',
      ...(name === 'user' ? ['--rootless'] : []),
      '--image',
      `${layout}:latest`,
      join(me().home, 'bundle'),
    )
    expect(readFileSync(join(me().home, 'bundle/rootfs/cross'), 'utf8')).toBe(`${host} makes ${foreign}\n`)
  })

  story('base images of several platforms, one name', { timeout: 180_000 }, async () => {
    const folder = join(me().home, 'bases')
    const layout = new LayoutWriter(folder)
    const image = async (platform: string) => {
      const [os = '', architecture = ''] = platform.split('/')
      const tar = await makeTar({ platform: `${platform}\n` })
      return layout.addImage({ os, architecture }, [{ tar, compression: 'gzip' }])
    }
    layout.finish({ base: layout.addIndex([await image(host), await image(foreign)]) })
    await pushLayout(folder, 'base', at('base:1'))
    const text = `FROM ${at('base:1')}\nCOPY --from=${at('base:1')} /platform /copy\n`
    const folderOf = contextFor(me(), 'on-bases', { Dockerfile: text })
    const output = join(me().home, 'based')
    await done('build', '-q', '--platform', both, '-o', output, folderOf)
    for (const platform of [host, foreign]) {
      for (const file of ['platform', 'copy'])
        expect(readFileSync(join(output, platform.replace('/', '_'), file), 'utf8')).toBe(`${platform}\n`)
    }
    expect((await done('images', '--format', '{{.Platform}}', at('base'))).split('\n').sort()).toEqual(
      [host, foreign].sort(),
    )
    // A layout in the place of an image gives each platform its own, too.
    giveTo(me(), folder)
    const named = ['--build-context', `base=oci-layout://${folder}:base`]
    const onLayout = contextFor(me(), 'on-layout', { Dockerfile: 'FROM base\n' })
    await done('build', '-q', '--platform', both, ...named, '-o', join(me().home, 'laid'), onLayout)
    for (const platform of [host, foreign])
      expect(readFileSync(join(me().home, 'laid', platform.replace('/', '_'), 'platform'), 'utf8')).toBe(
        `${platform}\n`,
      )
  })

  story('lists by hand', { timeout: 400_000 }, async () => {
    const ids = await built('-t', 'parts')
    await done('push', '-q', '--platform', host, 'parts', at('parts:here'))
    await done('push', '-q', '--platform', foreign, 'parts', at('parts:there'))
    const other = inStore('store-lists')
    const list = async (...args: readonly string[]): Promise<string> => done(...other, 'manifest', ...args)
    expect(await list('create', 'list', at('parts:here'), `docker://${at('parts:there')}`)).toBe(
      'Created manifest list list:latest',
    )
    expect(await list('ls', '--format', '{{.Name}} {{.Platforms}}')).toBe(`list:latest ${host}, ${foreign}`)
    expect(await done(...other, 'images', '-aq')).toBe('')
    expect(await fails(...other, 'manifest', 'create', 'list')).toContain('[name-in-use]')
    const digest = await list('annotate', 'list', at('parts:there'), '--variant', 'v8', '--annotation', 'note=yes')
    await list('push', '-q', 'list', at('list:1'))
    const [here, there] = parseIndex(rawManifest('list:1')).manifests
    expect(there).toMatchObject({ digest, annotations: { note: 'yes' }, platform: { variant: 'v8' } })
    expect(parseIndex(await list('inspect', 'list')).manifests).toEqual([here, there])
    expect(await list('inspect', at('list:1'))).toBe(await list('inspect', 'list'))
    expect((await done(...other, 'pull', '-q', '--all-platforms', at('list:1'))).split('\n')).toEqual(ids)
    // Another place of another registry gets the images too.
    await list('remove', 'list', digest)
    expect(parseIndex(await list('inspect', 'list')).manifests).toEqual([here])
    await list('add', '--os', 'linux', '--arch', 'riscv64', 'list', at('parts:there'))
    await list('push', '-q', '--purge', '--format', 'v2s2', 'list', `docker://${at('elsewhere:1')}`)
    expect(parseIndex(rawManifest('elsewhere:1')).manifests.map(({ platform }) => platform['architecture'])).toEqual([
      host.slice('linux/'.length),
      'riscv64',
    ])
    expect(await list('ls', '--format', '{{.Name}}')).toBe(at('list:1'))
    expect(await fails(...other, 'manifest', 'push', 'list', at('x:1'))).toContain('no list "list" in the store')
    expect(await fails(...other, 'manifest', 'add', 'list', at('list:1'))).toContain('[image-not-found]')
    // Of the store's own images, as they are and under no name of the registry.
    await done('manifest', 'create', 'own', 'parts')
    await done('manifest', 'create', '--amend', '--all', 'own', 'parts')
    await done('push', '-q', 'own', at('own:1'))
    expect(parseIndex(rawManifest('own:1')).manifests).toHaveLength(2)
    expect(await fails('manifest', 'create', 'longshore-base', 'parts')).toContain('[name-in-use]')
    expect(await fails('manifest', 'annotate', 'own', 'parts')).toContain('stands for 2 images')
    await done('manifest', 'rm', 'own')
    expect(await done('images', '-q', 'parts')).toMatch(/^\w{12}\n\w{12}$/)
  })

  story('what cannot be built for several platforms', async () => {
    expect(await fails('build', '--platform', 'linux/bogus/x/y', context())).toContain('[usage]')
    expect(await fails('build', '--platform', both, '--target', 'tools,cross', context())).toContain('[usage]')
    expect(await fails('build', '--platform', both, '-o', 'type=tar,dest=x', context())).toContain('[not-supported]')
    const local = contextFor(me(), 'of-local', { Dockerfile: 'FROM only-here\n' })
    await done('build', '-q', '-t', 'only-here', contextFor(me(), 'only-here', { Dockerfile: 'FROM longshore-base\n' }))
    const wrong = await fails('build', '--platform', foreign, local)
    expect(wrong).toContain(`the store has "only-here" only for ${host}, not for ${foreign}`)
  })
})

/** A root of its own, where the kernel's list of emulators is empty or has one more, and nobody else sees that. */
const namespace = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-ec']
const mountList = 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc'
const ownList = spawnSync(namespace[0] ?? '', [...namespace.slice(1), mountList]).status === 0
const arm64Here = host === 'linux/arm64'

/** `mkdir /made`, for arm64: the head of the program that does nothing, and other code. */
function makerProgram(): Uint8Array {
  const head = Buffer.from(foreignProgram('arm64') ?? []).subarray(0, 120)
  const code = [0x92800c60, 0x100000e1, 0xd2803da2, 0xd2800448, 0xd4000001, 0xd2800000, 0xd2800ba8, 0xd4000001]
  const words = Buffer.alloc(code.length * 4)
  for (const [at, word] of code.entries()) words.writeUInt32LE(word, at * 4)
  const program = Buffer.concat([head, words, Buffer.from('/made\0')])
  for (const at of [96, 104]) program.writeBigUInt64LE(BigInt(program.length), at)
  return program
}

describe.skipIf(!ownList || arm64Here || unavailable('root') !== undefined)('a RUN for another processor', () => {
  const me = makeActor('root', directory)
  const folder = contextFor(me, 'emulated', {
    Dockerfile: 'FROM scratch\nCOPY maker /\nRUN ["/maker"]\nCMD ["/maker"]\n',
    'Dockerfile.copy': 'FROM scratch\nCOPY maker /\n',
  })
  writeFileSync(join(folder, 'maker'), makerProgram(), { mode: 0o755 })
  const register = (flags: string): string => {
    const magic = '\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01' + '\\x00'.repeat(9) + '\\x02\\x00\\xb7\\x00'
    const mask = '\\xff'.repeat(7) + '\\x00' + '\\xff'.repeat(8) + '\\xfe' + '\\xff'.repeat(3)
    writeFileSync(join(folder, 'entry'), `:of-a-test:M::${magic}:${mask}:/usr/bin/qemu-aarch64-static:${flags}`)
    return `${mountList}; cat ${join(folder, 'entry')} > /proc/sys/fs/binfmt_misc/register`
  }
  const run = (script: string, ...args: readonly string[]) =>
    runAs(me, [...namespace, `${script}; exec "$@"`, 'sh', join(checkout, 'bin/longshore'), ...inOwnStore, ...args], {
      cwd: folder,
    })
  const inOwnStore = ['--root', join(directory, 'store-emulated')]

  test('without an emulator it is refused before anything is built', { timeout: 60_000 }, () => {
    const refused = run(mountList, 'build', '--platform', 'linux/arm64', '.')
    expect(refused.status, refused.stderr).toBe(125)
    expect(refused.stderr).toMatch(/^error: Dockerfile:3: .* has no emulator for them \[emulation-unavailable\]/)
    expect(readdirSync(join(directory, 'store-emulated/records'))).toEqual([])
    const outside = run(register('O'), 'build', '--platform', 'linux/arm64', '.')
    expect(outside.stderr).toContain('has an emulator that containers do not see [emulation-unavailable]')
    // COPY needs none.
    const copied = run(mountList, 'build', '-q', '--platform', 'linux/arm64', '-f', 'Dockerfile.copy', '.')
    expect(copied.status, copied.stderr).toBe(0)
  })

  test('with one it runs, and what it made is cached where there is none', { timeout: 60_000 }, () => {
    const output = join(directory, 'emulated-out')
    const args = ['build', '-q', '--platform', 'linux/arm64', '-t', 'emulated'] as const
    const built = run(register('F'), ...args, '-o', output, '.')
    expect(built.status, built.stderr).toBe(0)
    expect(readdirSync(output)).toContain('made')
    expect(run(mountList, ...args, '.').stdout).toBe(built.stdout)
    const started = run(register('F'), 'run', '--rm', '--network', 'none', 'emulated')
    // The directory is there already; that it could tell is enough.
    expect(started.status, started.stderr).toBe(0)
    expect(started.stderr).toContain('note: the image emulated is for linux/arm64')
  })
})
