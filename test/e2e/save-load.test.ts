import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, describe, expect, test } from 'vitest'
import { digestOf } from '../../src/base/index.ts'
import { type Actor, contextFor, longshore, makeActor, type RunOptions, runAs, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTar } from '../support/oci-image.ts'
import { missingRegistryParts } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const missing = missingRegistryParts()
const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

interface Entry {
  readonly name: string
  readonly body?: string | Uint8Array
  readonly link?: string
}

async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack()
  for (const { name, body = '', link } of entries) {
    if (link === undefined) tar.entry({ name }, typeof body === 'string' ? body : Buffer.from(body))
    else tar.entry({ name, type: 'symlink', linkname: link })
  }
  tar.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of tar) if (chunk instanceof Uint8Array) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A docker archive as docker wrote them before 25: layers in folders, one as a link to another. */
async function oldDockerArchive(changes: { readonly layers?: readonly string[]; readonly config?: object } = {}) {
  const layer = await makeTar({ 'hello.txt': 'hello' })
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['/hello'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer), digestOf(layer)] },
    ...changes.config,
  })
  const layers = changes.layers ?? ['one/layer.tar', 'two/layer.tar']
  return archive([
    { name: 'one/layer.tar', body: layer },
    { name: 'two/layer.tar', link: '../one/layer.tar' },
    { name: 'config.json', body: config },
    { name: 'manifest.json', body: JSON.stringify([{ Config: 'config.json', RepoTags: ['old:1'], Layers: layers }]) },
  ])
}

describe.each(['root', 'user'] as const)('as %s', (name) => {
  const reason = unavailable(name) ?? missing
  const story = reason === undefined ? test : test.skip
  const actor: Actor | undefined = reason === undefined ? makeActor(name, directory) : undefined
  const me = (): Actor => {
    if (actor === undefined) throw new Error(reason)
    return actor
  }
  let id = ''
  if (actor !== undefined) {
    buildBase(actor)
    const context = contextFor(actor, 'saved', { Dockerfile: 'FROM longshore-base\nRUN echo saved > /saved\n' })
    id = longshore(actor, ['build', '-q', '-t', 'saved:1', '-t', 'saved:2', context]).stdout.trim()
  }
  const run = (args: readonly string[], options: RunOptions = {}) => longshore(me(), args, options)
  const done = (...args: readonly string[]): string => {
    const result = run(args)
    expect(result.status, result.stderr).toBe(0)
    return result.stdout
  }
  const into = (store: string): readonly string[] => ['--root', join(me().home, store)]
  const file = (path: string): string => join(me().home, path)

  story('an archive with names goes into another store, by file, by pipe, compressed', { timeout: 300_000 }, () => {
    done('save', '-q', '-o', file('saved.tar'), 'saved:1', 'saved:2', 'longshore-base')
    const listed = done(...into('by-file'), 'load', '-q', '-i', file('saved.tar'))
    expect(listed.split('\n').sort().join('\n')).toBe(
      '\nLoaded image: longshore-base:latest\nLoaded image: saved:1\nLoaded image: saved:2',
    )
    expect(done(...into('by-file'), 'run', '--rm', 'saved:2', 'cat', '/saved')).toBe('saved\n')
    expect(done(...into('by-file'), 'images', '-q', '--no-trunc', 'saved:1').trim()).toBe(id)
    for (const [command, kind] of [
      ['gzip', 'gz'],
      ['zstd', 'zst'],
      ['xz', 'xz'],
    ] as const) {
      const packed = execFileSync(command, ['-1', '-c', file('saved.tar')], { maxBuffer: 1 << 28 })
      const loaded = run([...into(`by-${kind}`), 'load', '-q'], { input: packed })
      expect(loaded.status, loaded.stderr).toBe(0)
      expect(done(...into(`by-${kind}`), 'images', '-q', '--no-trunc', 'saved:1').trim()).toBe(id)
    }
  })

  story('skopeo takes what save writes, and load what skopeo writes', { timeout: 300_000 }, () => {
    done('save', '-q', '--format', 'oci-archive', '-o', file('oci.tar'), 'saved:1')
    done('save', '-q', '--format', 'oci-dir', '--compression', 'zstd', '-o', file('layout'), 'saved:1')
    done('save', '-q', '-o', file('docker.tar'), 'saved:1')
    const copy = (from: string, to: string): void => {
      const result = runAs(me(), ['skopeo', '--insecure-policy', 'copy', '-q', from, to])
      expect(result.status, result.stderr).toBe(0)
    }
    copy(`oci-archive:${file('oci.tar')}`, `docker-archive:${file('from-oci.tar')}:from/oci:1`)
    copy(`oci:${file('layout')}:1`, `oci-archive:${file('from-layout.tar')}:from/layout:1`)
    copy(`docker-archive:${file('docker.tar')}:saved:1`, `oci:${file('from-docker')}:from/docker:1`)
    done('save', '-q', '--format', 'docker-dir', '-o', file('dir'), 'saved:1')
    copy(`dir:${file('dir')}`, `oci-archive:${file('from-dir.tar')}:from/dir:1`)
    copy(`oci:${file('layout')}:1`, `dir:${file('skopeo-dir')}`)
    for (const name of ['dir', 'skopeo-dir'])
      expect(done(...into('from-dirs'), 'load', '-q', '-i', file(name))).toBe(`Loaded image ID: ${id}\n`)
    expect(done(...into('from-dirs'), 'run', '--rm', id, 'cat', '/saved')).toBe('saved\n')
    expect(done(...into('by-skopeo'), 'load', '-q', '-i', file('from-dir.tar'))).toBe('Loaded image: from/dir:1\n')
    expect(done(...into('by-skopeo'), 'load', '-q', '-i', file('from-oci.tar'))).toBe('Loaded image: from/oci:1\n')
    expect(done(...into('by-skopeo'), 'load', '-q', '-i', file('from-layout.tar'))).toBe(
      'Loaded image: from/layout:1\n',
    )
    expect(done(...into('by-skopeo'), 'load', '-q', '-i', file('from-docker'))).toBe('Loaded image: from/docker:1\n')
    for (const image of ['from/oci:1', 'from/layout:1'])
      expect(done(...into('by-skopeo'), 'run', '--rm', image, 'cat', '/saved')).toBe('saved\n')
  })

  story(
    'an archive of an old docker, and names that another image has (security 56)',
    { timeout: 300_000 },
    async () => {
      const input = gzipSync(await oldDockerArchive())
      const first = run([...into('old'), 'load', '-q'], { input })
      expect(first.stdout, first.stderr).toBe('Loaded image: old:1\n')
      const changed = await oldDockerArchive({ config: { author: 'another' } })
      const kept = run([...into('old'), 'load', '-q', '--no-replace'], { input: changed })
      expect(kept.stderr).toBe('The name old:1 stays with another image.\n')
      const replaced = run([...into('old'), 'load', '-q'], { input: changed })
      expect(replaced.stderr).toMatch(/^The name old:1 was taken from sha256:[0-9a-f]{64}\.\n$/)
    },
  )

  story('hostile and broken archives are refused, and nothing of them stays', { timeout: 300_000 }, async () => {
    const refused = (input: Buffer): string => {
      const result = run([...into('hostile'), 'load', '-q'], { input })
      expect(result.status).toBe(125)
      expect(done(...into('hostile'), 'images', '-aq')).toBe('')
      return result.stderr
    }
    expect(refused(await oldDockerArchive({ layers: ['/etc/passwd', '../../../etc/passwd'] }))).toContain(
      'has no file "/etc/passwd"',
    )
    expect(refused(await archive([{ name: 'manifest.json', link: '/etc/passwd' }]))).toContain('holds no images')
    expect(
      refused(
        await archive([
          { name: 'a', link: 'b' },
          { name: 'b', link: 'a' },
        ]),
      ),
    ).toContain('holds no images')
    expect(refused(await oldDockerArchive({ config: { rootfs: { type: 'layers', diff_ids: [] } } }))).toContain(
      '2 layers',
    )
    const wrong = { rootfs: { type: 'layers', diff_ids: [digestOf('x'), digestOf('y')] } }
    expect(refused(await oldDockerArchive({ config: wrong }))).toContain('[blob-mismatch]')
    expect(refused((await oldDockerArchive()).subarray(0, 3000))).toContain('[archive-invalid]')
    expect(refused(Buffer.from('no archive'))).toContain('[archive-invalid]')
    expect(refused(await archive([{ name: '../../escaped', body: 'x' }]))).toContain('holds no images')
    expect(existsSync(join(me().home, 'escaped'))).toBe(false)
    const layout = file('hostile-layout')
    mkdirSync(layout, { recursive: true })
    writeFileSync(join(layout, 'manifest.json'), '[{"Config":"../../secret","RepoTags":null,"Layers":[]}]')
    const outside = run([...into('hostile'), 'load', '-i', layout])
    expect(outside.stderr).toContain('leads out of the directory')
    expect(readFileSync(join(layout, 'manifest.json'), 'utf8')).toContain('secret')
  })

  story('a tar of a root filesystem becomes an image', { timeout: 300_000 }, async () => {
    const tar = await makeTar({ 'etc/imported': 'imported' })
    writeFileSync(file('rootfs.tar'), tar)
    const plain = done('import', '-q', '-m', 'from afar', file('rootfs.tar'), 'imported:1').trim()
    expect(done('history', '--format', '{{.Comment}}', 'imported:1')).toBe('from afar\n')
    const piped = run(['import', '-q', '-', 'imported:2'], { input: gzipSync(tar) })
    expect(piped.status, piped.stderr).toBe(0)
    // Compression is no part of a layer.
    const layers = (image: string): string => done('inspect', '-f', '{{json .RootFS.Layers}}', image)
    expect(layers('imported:2')).toBe(layers(plain))
    const changes = ['--change', 'CMD ["/bin/sh"]', '-c', 'ENV A=b']
    const changed = done('import', '-q', ...changes, file('rootfs.tar'), 'imported:3').trim()
    expect(changed).toMatch(/^sha256:/)
    expect(done('inspect', '-f', '{{json .Config.Cmd}} {{json .Config.Env}}', 'imported:3')).toMatch(
      /^\["\/bin\/sh"\] \[.*"A=b"\]\n$/,
    )
    expect(run(['import', '-q', '-c', 'RUN x', file('rootfs.tar')]).stderr).toContain(
      '--change "RUN x" is not possible',
    )
    expect(run(['import', '-q', me().home]).stderr).toContain('is no file')
    expect(run(['import', '-q', '-'], { input: 'no tar' }).status).toBe(125)
  })

  story('what cannot be saved or loaded', { timeout: 300_000 }, () => {
    expect(run(['save', '-o', file('x.tar'), 'svaed:1']).stderr).toContain('did you mean "saved:1"?')
    expect(run(['save', '--format', 'oci-dir', 'saved:1']).stderr).toContain('name one with --output DIR')
    expect(run(['save', '-o', file('no/such/x.tar'), 'saved:1']).stderr).toContain('[output-failed]')
    expect(run(['load', '-i', file('nothing.tar')]).stderr).toContain('there is no such file')
  })
})
