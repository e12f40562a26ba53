import { chmodSync, cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startActionsCache } from '../support/actions-cache.ts'
import { type Actor, contextFor, longshoreAsync, makeActor, runAs, unavailable } from '../support/actor.ts'
import {
  type FaultyProxy,
  missingRegistryParts,
  startFaultyProxy,
  startRegistry,
  type TestRegistry,
} from '../support/registry.ts'
import { startS3Server } from '../support/s3-server.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const missing = missingRegistryParts()
const directory = makeTemporaryDirectory()
let registry: TestRegistry | undefined
let proxy: FaultyProxy | undefined
beforeAll(async () => {
  if (missing !== undefined) return
  registry = await startRegistry({ relativeUrls: true })
  proxy = await startFaultyProxy(registry.url)
})
afterAll(async () => {
  await Promise.all([registry?.stop(), proxy?.stop()])
  removeDirectory(directory)
})

const dockerfile = [
  'FROM scratch AS base',
  'COPY busybox /bin/busybox',
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  'FROM base AS build',
  'RUN mkdir /out && date +%N > /out/random && head -c 300000 /dev/urandom > /out/big',
  'COPY src.txt /',
  'RUN cat /src.txt > /out/done',
  'FROM base',
  'COPY --from=build /out /app',
  'RUN ls /app > /list && rm /bin/vi',
].join('\n')
const steps = 7
/** The same with a step that always makes the same. */
const steady = dockerfile.replace('date +%N', 'echo x').replace('/dev/urandom', '/bin/busybox')

describe.each(['root', 'user'] as const)('as %s', (name) => {
  const reason = unavailable(name) ?? missing
  const story = reason === undefined ? test : test.skip
  const actor: Actor | undefined = reason === undefined ? makeActor(name, directory) : undefined
  const me = (): Actor => {
    if (actor === undefined) throw new Error(reason)
    return actor
  }
  const server = (): FaultyProxy => {
    if (proxy === undefined) throw new Error(missing)
    return proxy
  }
  const ref = (tag: string): string => `${server().host}/${name}/cache:${tag}`
  const project = (folder: string, source = 'one\n', text = dockerfile): string => {
    const context = contextFor(me(), folder, { Dockerfile: text, 'src.txt': source, busybox: '' })
    cpSync('/bin/busybox', join(context, 'busybox'))
    chmodSync(join(context, 'busybox'), 0o755)
    return context
  }
  const run = (store: string, ...args: readonly string[]) =>
    longshoreAsync(me(), ['--root', join(me().home, store), ...args])
  const build = (store: string, context: string, ...flags: readonly string[]) => buildIn({}, store, context, ...flags)
  const buildIn = async (
    env: Readonly<Record<string, string>>,
    store: string,
    context: string,
    ...flags: readonly string[]
  ) => {
    const args = ['--root', join(me().home, store), 'build', '-t', 'app', '--progress', 'plain', ...flags, context]
    const result = await longshoreAsync(me(), args, { env })
    expect(result.status, result.stderr).toBe(0)
    const cached = [...result.stderr.matchAll(/^#\d+ \[(?!cache|internal)[^\n]*\n(?:#\d+ [^\n]*\n)*?#\d+ CACHED/gm)]
      .length
    const warnings = result.stderr.split('\n').filter((line) => line.endsWith('[remote-cache]'))
    return { id: result.stdout.trim(), cached, warnings, stderr: result.stderr }
  }
  const unpacked = (store: string): number => {
    const layers = join(me().home, store, 'layers')
    return readdirSync(layers).filter((layer) => readdirSync(join(layers, layer)).includes('fs')).length
  }
  const wipe = (...stores: readonly string[]): void => {
    for (const store of stores) removeDirectory(join(me().home, store))
  }
  let looked = 0
  /** What was sent to the registry since the last call. */
  const sent = (): number => {
    const { seen } = server()
    const fresh = seen.slice(looked)
    looked = seen.length
    return fresh.filter(({ method }) => method !== 'GET' && method !== 'HEAD').length
  }

  story(
    'what one store built, another takes; after an edit only the changed steps run',
    { timeout: 120_000 },
    async () => {
      const context = project('shared')
      const cache = `type=registry,ref=${ref('main')}`
      sent()
      const first = await build('one', context, '--cache-to', `${cache},mode=max`)
      expect(first).toMatchObject({ cached: 0, warnings: [] })
      expect(sent()).toBeGreaterThan(20)
      // All of it is there, and so nothing is sent again, from this store or from another.
      expect((await build('one', context, '--cache-to', `${cache},mode=max`)).id).toBe(first.id)
      const second = await build('two', context, '--cache-from', ref('main'), '--cache-to', `${cache},mode=max`)
      expect(second).toMatchObject({ id: first.id, cached: steps, warnings: [] })
      expect(sent()).toBe(0)
      expect(unpacked('two')).toBe(0)
      const checked = await run('two', 'system', 'check')
      expect(checked.status, checked.stdout + checked.stderr).toBe(0)

      const edited = project('shared', 'two\n')
      const third = await build(
        'three',
        edited,
        '--cache-from',
        ref('main'),
        '--cache-to',
        `type=local,dest=${join(me().home, 'dir')},mode=max`,
      )
      expect(third).toMatchObject({ cached: 3, warnings: [] })
      const listed = await run('three', 'run', '--rm', 'app', 'cat', '/app/done', '/list')
      expect(listed.stdout, listed.stderr).toBe('two\nbig\ndone\nrandom\n')
      // The second is not unpacked by its build, but when it runs.
      expect((await run('two', 'run', '--rm', 'app', 'cat', '/app/done')).stdout).toBe('one\n')
      expect(unpacked('two')).toBe(4)
      // A directory serves as well, and what it has not, the registry may.
      rmSync(join(edited, 'src.txt'))
      writeFileSync(join(edited, 'src.txt'), 'two\n')
      const both = ['--cache-from', `type=local,src=${join(me().home, 'dir')}`, '--cache-from', ref('nothing')]
      const fourth = await build('four', edited, ...both)
      expect(fourth).toMatchObject({ id: third.id, cached: steps, warnings: [] })
      wipe('one', 'two', 'three', 'four')
    },
  )

  story('directories of cache mounts come along, when a step that uses them runs', { timeout: 120_000 }, async () => {
    const use = 'RUN --mount=type=cache,id=seen,target=/seen (cat /seen/log; cat /src.txt) > /now; cp /now /seen/log'
    const text = [...dockerfile.split('\n').slice(0, 3), 'COPY src.txt /', use].join('\n')
    const place = join(me().home, 'mounts-cache')
    const to = ['--cache-to', `type=local,dest=${place},mounts=true`]
    const from = ['--cache-from', `type=local,src=${place},mounts=true`]
    await build('one', project('mounts', 'one\n', text), ...to)
    // Nothing runs, so nothing is fetched for it.
    const hit = await build('two', project('mounts', 'one\n', text), ...from)
    expect(hit, hit.stderr).toMatchObject({ cached: 4 })
    expect(hit.stderr).not.toContain('[cache] mount')
    const ran = await build('two', project('mounts', 'two\n', text), ...from, ...to)
    expect(ran.stderr).toContain('[cache] mount seen')
    expect((await run('two', 'run', '--rm', 'app', 'cat', '/now')).stdout).toBe('one\ntwo\n')
    await build('three', project('mounts', 'three\n', text), ...from)
    expect((await run('three', 'run', '--rm', 'app', 'cat', '/now')).stdout).toBe('one\ntwo\nthree\n')
    wipe('one', 'two', 'three')
  })

  // What follows does not depend on who asks.
  if (name === 'user') return

  story('with mode=min the layers of the image travel; --no-cache takes nothing', { timeout: 120_000 }, async () => {
    const context = project('least')
    const cache = `type=local,dest=${join(me().home, 'least-cache')}`
    const from = ['--cache-from', `type=local,src=${join(me().home, 'least-cache')}`]
    const first = await build('one', context, '--cache-to', cache)
    const entries = readdirSync(join(me().home, 'least-cache/entries'), { recursive: true, encoding: 'utf8' })
    // Four steps, and what COPY --from picks.
    expect(entries.filter((path) => path.endsWith('.json'))).toHaveLength(5)
    expect(await build('two', context, ...from)).toMatchObject({ cached: 2 })
    expect(await build('two', context, ...from, '--no-cache')).toMatchObject({ cached: 0 })
    expect(first.warnings).toEqual([])
    wipe('one', 'two')
  })

  story('four writers at once', { timeout: 180_000 }, async () => {
    const stores = ['w1', 'w2', 'w3', 'w4']
    const directory = join(me().home, 'common')
    const flags = [
      '--cache-to',
      `type=registry,ref=${ref('many')},mode=max`,
      '--cache-to',
      `type=local,dest=${directory},mode=max`,
    ]
    const contexts = stores.map((store, index) => project(store, index < 2 ? 'same\n' : `${index}\n`, steady))
    const built = await Promise.all(stores.map((store, index) => build(store, contexts[index] ?? '', ...flags)))
    for (const { warnings } of built) expect(warnings).toEqual([])
    for (const from of [ref('many'), `type=local,src=${directory}`]) {
      for (const [index, context] of [...contexts.entries()].slice(1, 3)) {
        const again = await build('reader', context, '--cache-from', from)
        expect(again, again.stderr).toMatchObject({ cached: steps, warnings: [] })
        const { stdout } = await run('reader', 'run', '--rm', 'app', 'cat', '/app/done')
        expect(stdout).toBe(index < 2 ? 'same\n' : `${index}\n`)
        wipe('reader')
      }
    }
    wipe(...stores)
  })

  story(
    'a registry that fails in any way costs one warning, and the image is right',
    { timeout: 240_000 },
    async () => {
      const context = project('faults')
      const cache = ref('faults')
      const flags = ['--cache-from', cache, '--cache-to', `type=registry,ref=${cache},mode=max`]
      await build('good', context, ...flags)
      const entry = (path: string): boolean => path.includes('/manifests/')
      const faults: Readonly<Record<string, (path: string, method: string, response: ServerResponse) => boolean>> = {
        'answers 500': (_path, _method, response) => response.writeHead(500).end() !== undefined,
        'goes down in the midst of import': (path, _method, response) => {
          if (!path.includes('/blobs/sha256:')) return false
          response.writeHead(200, { 'content-length': 1_000_000 }).write('cut off')
          setImmediate(() => response.destroy())
          return true
        },
        'goes down in the midst of export': (path, method, response) => {
          if (method === 'GET' && entry(path)) return response.writeHead(404).end() !== undefined
          if (method !== 'PUT' && method !== 'PATCH') return false
          response.destroy()
          return true
        },
        'has entries of other keys': (path, method, response) => {
          if (method !== 'GET' || !entry(path)) return false
          response.writeHead(307, { location: path.replace(/faults-[a-f0-9]+$/, poison) }).end()
          return true
        },
        drips: drip,
      }
      const tags = await (await fetch(`${registry?.url}/v2/${name}/cache/tags/list`)).text()
      const poison = /faults-[a-f0-9]+/.exec(tags)?.[0] ?? ''
      for (const [what, fault] of Object.entries(faults)) {
        server().interfere = (request, response) => fault(request.url ?? '', request.method ?? '', response)
        const startMs = Date.now()
        const built = await build('bad', context, ...flags)
        expect(built.warnings, `${what}: ${built.stderr}`).toHaveLength(1)
        expect(Date.now() - startMs, what).toBeLessThan(20_000)
        expect((await run('bad', 'run', '--rm', 'app', 'cat', '/app/done', '/list')).stdout, what).toBe(
          'one\nbig\ndone\nrandom\n',
        )
        wipe('bad')
      }
      server().interfere = () => false
      const after = await build('bad', context, '--cache-from', cache)
      expect(after, after.stderr).toMatchObject({ cached: steps, warnings: [] })
      wipe('bad', 'good')
    },
  )

  story(
    'an image carries results of its steps, and other tools take it as any other',
    { timeout: 120_000 },
    async () => {
      const context = project('inline', 'one\n', steady)
      const image = `${registry?.host}/${name}/inline:1`
      const push = async (tag: string, ...flags: readonly string[]): Promise<void> => {
        const pushed = await run('one', 'build', '-t', tag, '--push', ...flags, context)
        expect(pushed.status, pushed.stderr).toBe(0)
      }
      await push(image, '--build-arg', 'BUILDKIT_INLINE_CACHE=1')
      const copied = runAs(me(), [
        'skopeo',
        'copy',
        '--src-tls-verify=false',
        `docker://${image}`,
        `dir:${me().home}/copied`,
      ])
      expect(copied.status, copied.stderr).toBe(0)
      // The layers of the build stage are not in it: that runs, and makes the same.
      const second = await build('two', context, '--cache-from', image)
      expect(second, second.stderr).toMatchObject({ cached: 4, warnings: [] })
      expect((await run('two', 'run', '--rm', 'app', 'cat', '/app/done')).stdout).toBe('one\n')
      // An image without them is no cache, and no trouble.
      await push(`${image}-plain`)
      const third = await build('three', context, '--cache-from', `${image}-plain`)
      expect(third).toMatchObject({ cached: 0, warnings: [] })
      wipe('one', 'two', 'three')
    },
  )

  story('buckets, and the cache of GitHub Actions', { timeout: 120_000 }, async () => {
    const [s3, actions] = await Promise.all([startS3Server(), startActionsCache()])
    try {
      const context = project('places')
      const bucket = `type=s3,bucket=cache,region=us-east-1,endpoint_url=${s3.url},use_path_style=true`
      const { accessKeyId, secretAccessKey } = s3
      const env = {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        ACTIONS_RESULTS_URL: actions.url,
        ACTIONS_RUNTIME_TOKEN: actions.token,
      }
      const args = ['--cache-to', `${bucket},mode=max`, '--cache-to', 'type=gha,mode=max']
      const first = await buildIn(env, 'one', context, ...args)
      expect(first.warnings, first.stderr).toEqual([])
      for (const from of [bucket, 'type=gha']) {
        const again = await buildIn(env, 'two', context, '--cache-from', from)
        expect(again, again.stderr).toMatchObject({ id: first.id, cached: steps, warnings: [] })
        wipe('two')
      }
      wipe('one')
    } finally {
      await Promise.all([s3.stop(), actions.stop()])
    }
  })

  story('what is asked of it amiss', async () => {
    const context = project('amiss')
    const failed = await run(
      'one',
      'build',
      '--cache-to',
      'type=local,dest=/proc/none/deep,ignore-error=false',
      context,
    )
    expect(failed.status).toBe(125)
    expect(failed.stderr).toContain('the cache in /proc/none/deep cannot be used')
    const unknown = await run('one', 'build', '--cache-from', 'type=redis,ref=x', context)
    expect([unknown.status, unknown.stderr]).toEqual([125, expect.stringContaining('there is no cache type "redis"')])
    const offline = await run('one', 'build', '--offline', '--cache-from', 'app', context)
    expect([offline.status, offline.stderr]).toEqual([125, expect.stringContaining('--offline forbids it')])
    wipe('one')
  })
})

/** A blob that comes a byte at a time. */
function drip(path: string, method: string, response: ServerResponse): boolean {
  if (method !== 'GET' || !path.includes('/blobs/sha256:')) return false
  response.writeHead(200, { 'content-length': 1_000_000 })
  const timer = setInterval(() => response.write('x'), 50)
  response.once('close', () => clearInterval(timer))
  return true
}
