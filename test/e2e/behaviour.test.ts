import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BuildEvent, build } from '../../src/index.ts'
import { hostPlatform } from '../../src/oci/index.ts'
import {
  type Actor,
  contextFor,
  longshore,
  longshoreAsync,
  makeActor,
  startLongshore,
  unavailable,
} from '../support/actor.ts'
import { buildBase, mountsUnder } from '../support/base-image.ts'
import { loadedModules } from '../support/loaded-modules.ts'
import { LayoutWriter, makeTar, pushLayout } from '../support/oci-image.ts'
import { startRegistry, type TestRegistry } from '../support/registry.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
const who = unavailable('root') === undefined ? 'root' : 'user'
let me: Actor
beforeAll(() => {
  me = makeActor(who, directory)
  buildBase(me)
})
afterAll(() => removeDirectory(directory))

test('a fully cached build loads neither parser nor HTTP library nor FFI', () => {
  const context = contextFor(me, 'lazy', { Dockerfile: 'FROM longshore-base\nCOPY a /\nRUN cat /a\n', a: 'a' })
  expect(longshore(me, ['build', '-t', 'lazy', context]).status).toBe(0)
  const { stderr, loaded } = loadedModules(me, ['build', '-t', 'lazy', context])
  expect(stderr).toContain('CACHED')
  expect(loaded).toContain('longshore.cjs')
  expect(loaded).not.toMatch(/chevrotain|undici|koffi|tar-stream/)
})

test('the library builds with typed events, and rejects with the reason', async () => {
  const context = contextFor(me, 'library', {
    Dockerfile: 'FROM longshore-base\nRUN echo lib\n',
    Bad: 'FROM longshore-base\nRUN exit 9\n',
  })
  const root = join(me.home, 'store')
  const running = build({ context, tags: ['library'], root })
  const events: BuildEvent[] = []
  for await (const event of running) events.push(event)
  const summary = await running.result
  expect(summary).toMatchObject({ names: ['library:latest'], steps: { total: 1 } })
  expect(events.map((event) => event.kind)).toContain('task-output')
  await expect(build({ context, file: join(context, 'Bad'), root }).result).rejects.toMatchObject({
    code: 'step-failed',
    details: { exitCode: 9 },
  })
  const abort = new AbortController()
  abort.abort()
  await expect(build({ context, root, noCache: true, signal: abort.signal }).result).rejects.toMatchObject({
    code: 'canceled',
  })
})

test('options of the library mean what the flags of their names mean', async () => {
  const context = contextFor(me, 'library-options', {
    Dockerfile: `FROM longshore-base AS one
RUN grep -q '10.1.2.3 *extra' /etc/hosts || grep -q '10.1.2.3.extra' /etc/hosts; df -k /dev/shm | grep -q 1024; ulimit -n | grep -qx 321
FROM longshore-base AS two
RUN exit 5
FROM longshore-base AS three
RUN echo three > /three
`,
  })
  const root = join(me.home, 'store')
  const options = {
    context,
    root,
    targets: ['one', 'three'],
    tags: ['one=library-one', 'three=library-three'],
    addHosts: ['extra:10.1.2.3'],
    shmSize: '1m',
    ulimits: ['nofile=321'],
    sourceDateEpoch: 86_400,
    rewriteTimestamp: true,
    offline: true,
  }
  const { targets } = await build(options).result
  expect(targets).toMatchObject([
    { target: 'one', names: ['library-one:latest'] },
    { target: 'three', names: ['library-three:latest'] },
  ])
  const inspected = longshore(me, ['inspect', '--format', '{{.Created}}', 'library-three'])
  expect(inspected.stdout).toBe('1970-01-02T00:00:00Z\n')
  const events: BuildEvent[] = []
  const keptGoing = build({ ...options, targets: ['two', 'three'], tags: [], keepGoing: true, noCache: true })
  for await (const event of keptGoing) events.push(event)
  await expect(keptGoing.result).rejects.toMatchObject({ code: 'step-failed', details: { exitCode: 5 } })
  const ended = events.flatMap((event) => (event.kind === 'task-end' ? [event.status] : []))
  expect(ended).toContain('done')
  await expect(build({ ...options, locked: join(context, 'no.lock') }).result).rejects.toThrow(/no\.lock/)
})

test('Ctrl-C leaves no mount, process or half-written layer', async () => {
  const mark = `longshore-interrupt-${process.pid}`
  const context = contextFor(me, 'interrupt', {
    Dockerfile: `FROM longshore-base\nRUN echo started && sleep 300 ${mark}; sleep 300\n`,
  })
  const child = startLongshore(me, ['build', context])
  let text = ''
  await new Promise<void>((started) => {
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.includes(' started\n')) started()
    })
  })
  const ended = new Promise<number | null>((done) => child.once('close', done))
  child.kill('SIGINT')
  expect(await ended).toBe(130)
  expect(mountsUnder(me.home)).toEqual([])
  expect(readdirSync(join(me.home, 'store/work'))).toEqual([])
  expect(spawnSync('pgrep', ['-f', `sleep 300 ${mark}`]).status).toBe(1)
})

test('a build that was killed loses its running step and nothing else', async () => {
  const context = contextFor(me, 'killed', {
    Dockerfile: 'FROM longshore-base\nRUN echo finished > /finished\nRUN echo started && sleep 300\n',
    Other: 'FROM longshore-base\nRUN echo finished > /finished\nRUN echo other\n',
  })
  const child = startLongshore(me, ['build', context])
  await new Promise<void>((started) => {
    let text = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.includes(' started\n')) started()
    })
  })
  const ended = new Promise((done) => child.once('exit', done))
  child.kill('SIGKILL')
  await ended
  const next = longshore(me, ['build', '-f', join(context, 'Other'), context])
  expect(next.status, next.stderr).toBe(0)
  expect(next.stderr).toMatch(/RUN echo finished[^\n]*\n#\d+ CACHED/)
  expect(readdirSync(join(me.home, 'store/work'))).toEqual([])
  // What it could not see onto the disk any more, the next did.
  expect(readdirSync(join(me.home, 'store/pending'))).toEqual([])
})

test('two builds at once share a store', async () => {
  const context = contextFor(me, 'shared', {
    Dockerfile: 'FROM longshore-base\nRUN date +%N > /a && sleep 0.3\nRUN cat /a > /b\n',
  })
  const results = await Promise.all([1, 2, 3].map(() => longshoreAsync(me, ['build', context])))
  for (const result of results) expect(result.status, result.stderr).toBe(0)
  const after = longshore(me, ['build', context])
  expect(after.stderr.match(/CACHED/g)?.length).toBe(3)
})

test('COPY-only layers are the same for any number of jobs and any store', () => {
  const context = contextFor(me, 'same', {
    Dockerfile: 'FROM scratch AS a\nWORKDIR /deep/er\nCOPY a /x/\nFROM scratch\nCOPY --from=a / /\nCOPY b /y/z\n',
    a: 'a',
    b: 'b',
  })
  const diffIds = (store: string, jobs: string): unknown => {
    const out = join(me.home, `same-${store}-${jobs}`)
    const built = longshore(me, [
      '--root',
      join(me.home, store),
      'build',
      '--jobs',
      jobs,
      '-o',
      `type=oci,tar=false,dest=${out}`,
      context,
    ])
    expect(built.status, built.stderr).toBe(0)
    const inspected = spawnSync('skopeo', ['inspect', '--config', `oci:${out}`], { encoding: 'utf8' })
    return JSON.parse(inspected.stdout).rootfs.diff_ids
  }
  const first = diffIds('store-1', '1')
  expect(diffIds('store-1', '4')).toEqual(first)
  expect(diffIds('store-2', '4')).toEqual(first)
})

describe('a registry', () => {
  let registry: TestRegistry
  beforeAll(async () => {
    registry = await startRegistry()
    const folder = join(directory, 'layout')
    const writer = new LayoutWriter(folder)
    const tar = await makeTar({ hello: 'from the registry\n' })
    const foreign = { os: 'linux', architecture: process.arch === 'x64' ? 'arm64' : 'amd64' }
    writer.finish({
      app: writer.addImage(hostPlatform(process.arch), [{ tar, compression: 'gzip' }]),
      foreign: writer.addImage(foreign, [{ tar, compression: 'gzip' }]),
    })
    await pushLayout(folder, 'foreign', `${registry.host}/team/foreign:1`)
    await pushLayout(folder, 'app', `${registry.host}/team/app:1`)
  })
  afterAll(() => registry.stop())

  test('an image for another processor is refused, not built on', async () => {
    const context = contextFor(me, 'foreign', {
      Dockerfile: `FROM ${registry.host}/team/foreign:1\nCOPY Dockerfile /\n`,
    })
    const built = await longshoreAsync(me, ['build', context])
    expect(built.status).toBe(125)
    expect(built.stderr).toContain('[platform-mismatch]')
  })

  test('pull and FROM fetch from it, and a second pull fetches nothing', async () => {
    const name = `${registry.host}/team/app:1`
    const context = contextFor(me, 'from', {
      Dockerfile: `FROM ${name} AS app\nFROM longshore-base\nCOPY --from=app /hello /hello\nCMD ["cat", "/hello"]\n`,
    })
    const built = await longshoreAsync(me, ['build', '-t', 'from', context])
    expect(built.status, built.stderr).toBe(0)
    expect((await longshoreAsync(me, ['run', 'from'])).stdout).toBe('from the registry\n')
    const pulled = await longshoreAsync(me, ['pull', name])
    expect(pulled.status, pulled.stderr).toBe(0)
    expect(pulled.stderr).toContain('CACHED')
    expect((await longshoreAsync(me, ['images', '--format', 'json'])).stdout).toContain(
      `"Repository":"${registry.host}/team/app"`,
    )
    const unknown = await longshoreAsync(me, ['pull', `${registry.host}/team/nothing:1`])
    expect(unknown.status).toBe(125)
    expect(unknown.stderr).toContain('[registry-not-found]')
  })
})
