import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshore, longshoreAsync, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { busyboxTar, LayoutWriter, makeTar, pushLayout } from '../support/oci-image.ts'
import { missingRegistryParts, startRegistry, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const missing = missingRegistryParts()
const directory = makeTemporaryDirectory()
let registry: TestRegistry | undefined
beforeAll(async () => {
  if (missing !== undefined) return
  registry = await startRegistry()
  const layout = new LayoutWriter(join(directory, 'layout'))
  const layers = [await busyboxTar(), await makeTar({ 'only/here': 'x'.repeat(5000) })]
  const image = layout.addImage(
    { os: 'linux', architecture: 'amd64' },
    layers.map((tar) => ({ tar, compression: 'gzip' }) as const),
  )
  layout.finish({ one: image })
  await pushLayout(layout.folder, 'one', `${registry.host}/pulled:1`)
})
afterAll(async () => {
  await registry?.stop()
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
  const done = (...args: readonly string[]): string => {
    const result = longshore(me(), args)
    expect(result.status, result.stderr).toBe(0)
    return result.stdout
  }
  const layerNames = (): readonly string[] => readdirSync(join(me().home, 'store/layers'))

  /** Builds a small image on the base and returns its ID. */
  const build = (tag: string, ...lines: readonly string[]): string => {
    const context = contextFor(me(), `of-${tag}`, { Dockerfile: ['FROM longshore-base', ...lines].join('\n') })
    return done('build', '-q', '-t', tag, context).trim()
  }

  story('tag gives a name, untag takes it, the image stays', { timeout: 180_000 }, () => {
    const id = build('named', 'RUN echo named > /named')
    done('tag', 'named', 'other/name:2')
    done('tag', id.slice(7, 15), 'third')
    expect(done('inspect', '-f', '{{json .RepoTags}}', 'third')).toBe(
      '["named:latest","other/name:2","third:latest"]\n',
    )
    done('untag', 'third', 'other/name:2')
    expect(done('images', '-q', 'other/name')).toBe('')
    done('untag', id)
    expect(done('images', '-f', 'dangling=true', '--no-trunc', '--format', '{{.ID}} {{.Repository}}')).toBe(
      `${id} <none>\n`,
    )
    done('tag', id, 'named')
    expect(longshore(me(), ['tag', 'nmaed', 'x'])).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('did you mean "named"?'),
    })
  })

  story('listing, history and inspect in all formats', { timeout: 180_000 }, () => {
    const id = build('listed', 'LABEL kind=test', 'RUN head -c 100000 /dev/zero > /big', 'CMD ["cat", "/big"]')
    expect(done('images', 'listed')).toMatch(
      /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\nlisted +latest +[a-f0-9]{12} +.* ago +[\d.]+MB\n$/,
    )
    expect(done('images', '-q', '--no-trunc', '-f', 'label=kind=test')).toBe(`${id}\n`)
    expect(done('images', '-q', '-f', 'reference=lis*', '-f', 'label=kind=other')).toBe('')
    expect(JSON.parse(done('images', '--format', 'json', 'listed'))).toMatchObject({
      Repository: 'listed',
      Tag: 'latest',
    })
    expect(done('image', 'ls', '--format', 'table {{.Repository}}\\t{{.Tag}}', 'listed')).toBe(
      'REPOSITORY   TAG\nlisted       latest\n',
    )
    const history = done('history', '--format', '{{.ID}} {{.CreatedBy}} {{.Size}}', '--no-trunc', 'listed').split('\n')
    expect(history[0]).toBe(`${id} CMD ["cat" "/big"] 0B`)
    expect(history[1]).toMatch(/^<missing> RUN .*head -c 100000.* 10[\d.]+kB$/)
    expect(done('history', '-H=false', '--format', '{{.Size}}', 'listed').split('\n')[1]).toMatch(/^1\d{5}$/)
    const [inspected] = JSON.parse(done('inspect', 'listed'))
    expect(inspected).toMatchObject({ Id: id, Os: 'linux', Config: { Labels: { kind: 'test' }, Cmd: ['cat', '/big'] } })
    expect(longshore(me(), ['inspect', '-f', '{{.Id}}', 'nothing', 'listed'])).toMatchObject({
      status: 125,
      stdout: `${id}\n`,
      stderr: expect.stringContaining('[image-not-found]'),
    })
    expect(JSON.parse(done('system', 'df', '--format', 'json').split('\n')[0] ?? '')).toMatchObject({ Type: 'Images' })
  })

  story('rmi of a pulled image gives its layers and blobs back', { timeout: 180_000 }, () => {
    const before = layerNames()
    const blobs = (): number => readdirSync(join(me().home, 'store/blobs/sha256')).length
    const blobsBefore = blobs()
    const remote = `${registry?.host}/pulled:1`
    const id = done('pull', '-q', remote).trim()
    const both = ['images', '--digests', '--format', '{{.Digest}}', `${registry?.host}/pulled`]
    expect(done(...both)).toMatch(/^sha256:[a-f0-9]{64}\n$/)
    expect(layerNames()).toHaveLength(before.length + 2)
    const removed = done('rmi', remote).split('\n')
    expect(removed[0]).toBe(`Untagged: ${remote}`)
    expect(removed[1]).toMatch(new RegExp(`^Untagged: ${registry?.host}/pulled@sha256:`))
    expect(removed[2]).toBe(`Deleted: ${id}`)
    expect(removed.filter((line) => line.startsWith('Deleted: '))).toHaveLength(3)
    expect(layerNames()).toEqual(before)
    // Config and manifest are kept a while, in case that another command is about to name them.
    expect(blobs()).toBe(blobsBefore + 2)
  })

  story('rmi by ID wants force when there are names in several repositories', { timeout: 180_000 }, () => {
    const id = build('forced', 'RUN echo forced > /forced')
    done('tag', 'forced', 'forced-too')
    const refused = longshore(me(), ['rmi', id])
    expect(refused).toMatchObject({ status: 125, stderr: expect.stringContaining('[image-in-use]') })
    expect(refused.stderr).toContain('forced-too:latest')
    expect(done('rmi', 'forced')).toBe('Untagged: forced:latest\n')
    expect(done('rmi', id)).toBe(`Untagged: forced-too:latest\nDeleted: ${id}\n`)
    expect(longshore(me(), ['rmi', id]).status).toBe(125)
    expect(longshore(me(), ['rmi', '-f', id]).status).toBe(0)
    // The step's result is still known.
    const context = contextFor(me(), 'of-forced', {})
    expect(longshore(me(), ['build', '-t', 'forced', context]).stderr).toMatch(/RUN echo forced[^\n]*\n#\d+ CACHED/)
  })

  story('image prune asks, and removes what has no name', { timeout: 180_000 }, () => {
    const id = build('pruned', 'RUN echo one > /pruned')
    build('pruned', 'RUN echo two > /pruned')
    const asked = longshore(me(), ['image', 'prune'], { input: 'n\n' })
    expect(asked).toMatchObject({ status: 0, stdout: '', stderr: expect.stringContaining('[y/N]') })
    expect(done('images', '-q', '--no-trunc', '-a')).toContain(id)
    const pruned = longshore(me(), ['image', 'prune'], { input: 'y\n' })
    expect(pruned.stderr.match(/y\/N/g)).toHaveLength(1)
    expect(pruned.stdout).toContain(`Deleted Images:\ndeleted: ${id}\n`)
    expect(pruned.stdout).toMatch(/Total reclaimed space: [\d.]+k?B\n$/)
    expect(done('images', '-q', '--no-trunc', '-a')).not.toContain(id)
    expect(done('images', '-q', 'pruned')).not.toBe('')
  })

  story(
    'images that are removed while others are built leave every named image whole',
    { timeout: 180_000 },
    async () => {
      const remote = `${registry?.host}/pulled:1`
      const context = contextFor(me(), 'racing', {
        Dockerfile: `FROM ${remote}\nRUN ["/bin/sh", "-c", "cat /only/here > /seen"]\n`,
      })
      let building = true
      const remove = async (): Promise<void> => {
        while (building) {
          await longshoreAsync(me(), ['rmi', '-f', remote, 'racing'])
          await longshoreAsync(me(), ['image', 'prune', '-f'])
        }
      }
      const removing = remove()
      const outcomes: string[] = []
      try {
        for (let round = 0; round < 3; round++) {
          const built = await longshoreAsync(me(), ['build', '--no-cache', '-q', '-t', `racing-${round}`, context])
          outcomes.push(built.status === 0 ? 'built' : built.stderr)
        }
      } finally {
        building = false
        await removing
      }
      expect(outcomes).toContain('built')
      for (const [round, outcome] of outcomes.entries()) {
        if (outcome !== 'built') expect(outcome).toContain('removed by another command')
        else expect(done('run', '--rm', `racing-${round}`, '/bin/busybox', 'cat', '/seen')).toHaveLength(5000)
      }
      expect(readdirSync(join(me().home, 'store/work'))).toEqual([])
      expect(statSync(join(me().home, 'store/layers')).isDirectory()).toBe(true)
    },
  )
})
