import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bake as bakeByLibrary } from '../../src/index.ts'
import { contextFor, giveTo, longshoreAsync, makeActor, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
beforeAll(() => buildBase(me))
afterAll(() => removeDirectory(directory))

const bakeFile = `
group "default" { targets = ["web", "api"] }
target "base" {
  context = "base"
  args    = { WHO = "base" }
  labels  = { layer = "base" }
}
target "_app" {
  contexts = { common = "target:base", shared = "./shared" }
}
target "web" {
  inherits = ["_app"]
  context  = "web"
  tags     = ["example/web:1"]
}
target "api" {
  inherits = ["_app"]
  context  = "web"
  tags     = ["example/api:1"]
  dockerfile-inline = <<-EOT
    FROM common
    COPY --from=shared /s.txt /s.txt
    COPY . /app
    RUN cat /app/f /s.txt && echo api $WHO_ENV
    EOT
}
`
const web =
  'FROM common\nCOPY --from=shared /s.txt /s.txt\nCOPY . /app\nRUN cat /app/f /base.txt && echo web $WHO_ENV\n'
const files = {
  'docker-bake.hcl': bakeFile,
  'base/Dockerfile': 'FROM longshore-base\nARG WHO\nENV WHO_ENV=$WHO\nRUN echo made by $WHO > /base.txt\n',
  'web/Dockerfile': web,
  'web/f': 'file\n',
  'shared/s.txt': 'shared\n',
}

describe('longshore bake', () => {
  test('builds several Dockerfiles as one graph: what they share runs once, and targets stand on each other', async () => {
    const folder = contextFor(me, 'bake', files)
    giveTo(me, folder)
    const bake = (...args: string[]): ReturnType<typeof longshoreAsync> =>
      longshoreAsync(me, ['bake', '--progress=plain', ...args], { cwd: folder })
    const first = await bake('--metadata-file', 'metadata.json')
    expect(first.status, first.stderr).toBe(0)
    const [webId = '', apiId = '', ...others] = first.stdout.trim().split('\n')
    expect(others).toEqual([])
    // One base for both; COPY from shared and from the same context run for one of them, the other finds them done.
    expect(first.stderr.match(/\[base 2\/2\] RUN/g)).toHaveLength(1)
    expect(first.stderr.match(/\] COPY --from=shared[^\n]*\n#\d+ CACHED/g)).toHaveLength(1)
    expect(first.stderr.match(/\] COPY \. \/app/g)?.length).toBe(2)
    expect(first.stderr).toContain('web base')
    const metadata: unknown = JSON.parse(readFileSync(join(folder, 'metadata.json'), 'utf8'))
    expect(metadata).toEqual({
      web: { 'containerimage.config.digest': webId, 'image.name': 'example/web:1' },
      api: { 'containerimage.config.digest': apiId, 'image.name': 'example/api:1' },
    })
    // Nobody asked for the base as an image.
    const listed = await longshoreAsync(me, ['images', '--format', '{{.Repository}}'])
    expect(listed.stdout.split('\n')).not.toContain('base')

    // The same image as two builds one after the other make.
    const named = await bake('base', '--set', 'base.tags=base:1')
    expect(named.status, named.stderr).toBe(0)
    const contexts = ['--build-context=common=docker-image://base:1', '--build-context=shared=shared']
    const alone = await longshoreAsync(me, ['build', '-q', ...contexts, 'web'], { cwd: folder })
    expect(alone.stdout.trim(), alone.stderr).toBe(webId)

    if (me.name === 'root') {
      const { targets = [] } = await bakeByLibrary({ cwd: folder, root: join(me.home, 'store'), targets: ['web'] })
        .result
      expect(targets.map(({ imageId }) => imageId)).toEqual([webId])
    }

    writeFileSync(join(folder, 'web/f'), 'changed\n')
    const again = await bake('web')
    expect(again.stderr).toContain('[base 2/2] RUN echo made by $WHO > /base.txt\n#2 CACHED')
    expect(again.stdout.trim()).not.toBe(webId)
  })

  test('names the file of a step that fails, and says what it passes over', async () => {
    const folder = contextFor(me, 'bake-failing', {
      'docker-bake.json': JSON.stringify({
        target: {
          default: {
            context: 'app',
            tags: ['example/no'],
            'cache-to': ['type=azblob,name=x', 'type=local,dest=cache'],
          },
          secret: { secret: ['id=token,src=missing'] },
          insecure: { entitlements: ['security.insecure'] },
        },
      }),
      'app/Dockerfile': 'FROM longshore-base\nRUN echo to be seen; exit 7\n',
    })
    giveTo(me, folder)
    const failed = await longshoreAsync(me, ['bake', '--progress=plain'], { cwd: folder })
    expect(failed.status).toBe(1)
    expect(failed.stderr).toContain('the target "default": cache-to of type=azblob is passed over [bake-not-supported]')
    expect(failed.stderr).toContain('app/Dockerfile:2\n')
    expect(failed.stderr).toContain('   2 | >>> RUN echo to be seen; exit 7')
    for (const [target, message] of [
      [
        'secret',
        'secret of the target "secret": --secret id=token,src=missing: "missing" is no file [bake-wrong-type]',
      ],
      ['insecure', 'the target "insecure": it wants the right security.insecure [bake-not-supported]'],
    ] as const) {
      const refused = await longshoreAsync(me, ['bake', target], { cwd: folder })
      expect(refused.status).toBe(125)
      expect(refused.stderr).toMatch(/^docker-bake\.json:1:\d+: error: /)
      expect(refused.stderr).toContain(message)
    }
    const unknown = await longshoreAsync(me, ['bake', 'defualt'], { cwd: folder })
    expect([unknown.status, unknown.stderr]).toEqual([
      125,
      'error: there is no target "defualt" [usage]\n  hint: did you mean default?\n',
    ])
  })
})
