import { spawnSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, giveTo, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

describe.each(['root', 'user'] as const)('outputs, as %s', (name) => {
  const obstacle = unavailable(name)
  let me: Actor
  let context: string

  beforeAll(() => {
    if (obstacle !== undefined) return
    me = makeActor(name, directory)
    buildBase(me)
    context = contextFor(me, 'outputs', {
      Dockerfile: [
        'FROM longshore-base AS build',
        'RUN mkdir /out && echo text > /out/file && ln /out/file /out/hard && ln -s /nowhere /out/link && chown 7:8 /out/file && chmod 4755 /out/file',
        'FROM scratch',
        'COPY --from=build /out /',
      ].join('\n'),
    })
  })
  const at = (path: string): string => join(me.home, path)
  const build = (...args: string[]) => longshore(me, ['build', ...args, context], { cwd: me.home })

  test.skipIf(obstacle !== undefined)('a directory: files that belong to the caller', () => {
    expect(build('-q', '-o', 'deep/er/files').status).toBe(0)
    expect(readdirSync(at('deep/er/files')).sort()).toEqual(['file', 'hard', 'link'])
    expect(readdirSync(at('deep/er'))).toEqual(['files'])
    expect(readFileSync(at('deep/er/files/file'), 'utf8')).toBe('text\n')
    expect(statSync(at('deep/er/files/file')).mode & 0o7777).toBe(0o4755)
    expect(statSync(at('deep/er/files/file')).ino).toBe(statSync(at('deep/er/files/hard')).ino)
    expect(readlinkSync(at('deep/er/files/link'))).toBe('/nowhere')
    const owner = statSync(me.home).uid
    expect(lstatSync(at('deep/er/files/file')).uid).toBe(owner)
    expect(lstatSync(at('deep/er/files/link')).uid).toBe(owner)
  })

  test.skipIf(obstacle !== undefined)('a directory that has files keeps them, unless they are to go', () => {
    mkdirSync(at('kept/link'), { recursive: true })
    writeFileSync(at('kept/own'), 'own')
    giveTo(me, at('kept'))
    const refused = build('-q', '-o', 'kept')
    expect(refused.status).toBe(125)
    expect(refused.stderr).toMatch(/cannot replace the directory "\/link" with a file[\s\S]*mode=delete/)
    expect(build('-q', '-o', 'type=local,dest=kept,mode=delete').status).toBe(0)
    expect(readdirSync(at('kept')).sort()).toEqual(['file', 'hard', 'link'])
    symlinkSync('kept', at('kept-link'))
    writeFileSync(at('kept/own'), 'own')
    expect(build('-q', '-o', 'type=local,dest=kept-link,mode=delete').status).toBe(0)
    expect(readlinkSync(at('kept-link'))).toBe('kept')
    expect(readdirSync(at('kept')).sort()).toEqual(['file', 'hard', 'link'])
    writeFileSync(at('kept/own'), 'own')
    expect(build('-q', '-o', 'kept').status).toBe(0)
    expect(readFileSync(at('kept/own'), 'utf8')).toBe('own')
  })

  test.skipIf(obstacle !== undefined)(
    'a tar on standard output has the owners of the image, and no image ID in it',
    () => {
      const tar = build('-q', '-o', '-')
      expect(tar.status).toBe(0)
      const listed = spawnSync('tar', ['tvf', '-'], { input: tar.stdout, encoding: 'utf8' })
      expect(listed.status).toBe(0)
      expect(listed.stdout).toMatch(/^-rwsr-xr-x 7\/8 +5 .* file$/m)
      expect(listed.stdout).toMatch(/hard link to file$/m)
    },
  )

  test.skipIf(obstacle !== undefined)(
    'a docker archive is read by skopeo, and the metadata file names its digest',
    () => {
      const built = build(
        '-t',
        'out:1',
        '-o',
        'type=docker,dest=out.tar',
        '-o',
        'again',
        '--metadata-file',
        'meta.json',
      )
      expect(built.status).toBe(0)
      const metadata = JSON.parse(readFileSync(at('meta.json'), 'utf8'))
      expect(metadata['containerimage.config.digest']).toBe(built.stdout.trim())
      expect(metadata['image.name']).toBe('out:1')
      expect(existsSync(at('again/file'))).toBe(true)
      const inspected = spawnSync('skopeo', ['inspect', '--config', `docker-archive:${at('out.tar')}`], {
        encoding: 'utf8',
      })
      expect(inspected.stderr).toBe('')
      expect(JSON.parse(inspected.stdout).rootfs.diff_ids).toHaveLength(1)
      const layout = spawnSync('skopeo', ['inspect', '--raw', `oci-archive:${at('out.tar')}`], { encoding: 'utf8' })
      expect(layout.status).toBe(0)
      expect(metadata['containerimage.descriptor'].size).toBe(Buffer.byteLength(layout.stdout))
    },
  )

  test.skipIf(obstacle !== undefined)('a place that cannot be written is an error that names it', () => {
    const refused = build('-q', '-o', '/proc/nothing')
    expect(refused.status).toBe(125)
    expect(refused.stderr).toContain('cannot write /proc/nothing')
    const missing = build('-q', '-o', 'type=tar,dest=no/such/folder.tar')
    expect(missing.status).toBe(125)
    expect(missing.stderr).toContain('no/such/folder.tar')
  })
})
