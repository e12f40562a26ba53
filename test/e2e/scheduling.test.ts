import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contextFor, longshore, longshoreAsync, makeActor, startLongshore, unavailable } from '../support/actor.ts'
import { buildBase, mountsUnder } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
const me = makeActor(unavailable('root') === undefined ? 'root' : 'user', directory)
beforeAll(() => buildBase(me))
afterAll(() => removeDirectory(directory))

/** Resolves when the build has printed what `pattern` matches. */
function printed(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = ''
  return new Promise((resolve) => {
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (pattern.test(text)) resolve()
    })
  })
}

const left = (folder: string): readonly string[] => readdirSync(join(me.home, 'store', folder))

test('two processes that need the same step execute it once, and no two wait for each other', async () => {
  const stage = (name: string, seconds: string): string =>
    `FROM longshore-base AS ${name}\nRUN sleep ${seconds}; head -c9 /dev/urandom | od -x > /${name}\n`
  const copies = 'FROM longshore-base\nCOPY --from=a /a /\nCOPY --from=b /b /\n'
  const context = contextFor(me, 'same', {
    // The same two steps, begun in the other order.
    Dockerfile: `${stage('a', '1.5')}${stage('b', '1.6')}${copies}`,
    Other: `${stage('b', '1.6')}${stage('a', '1.5')}${copies}`,
  })
  const builds = await Promise.all([
    longshoreAsync(me, ['build', '--jobs', '1', context]),
    longshoreAsync(me, ['build', '--jobs', '1', '-f', join(context, 'Other'), context]),
  ])
  for (const { status, stderr } of builds) expect(status, stderr).toBe(0)
  const executed = builds.map(
    ({ stderr }) => stderr.match(/^#(\d+) \[[ab] 2\/2\][^\n]*\n(?:#(?!\1 )[^\n]*\n|\n)*#\1 DONE/gm) ?? [],
  )
  expect(executed.flat()).toHaveLength(2)
  expect(builds.map(({ stderr }) => stderr).join()).toMatch(
    /\[internal\] another build is running \[[ab] 2\/2\].*: waiting for it\n/,
  )
  expect(builds[0]?.stdout).toBe(builds[1]?.stdout)
  expect(left('claims')).toEqual([])
})

test('a build goes on when the one it waited for was killed', async () => {
  // Only the first who comes takes long.
  const dockerfile = `FROM longshore-base
RUN --mount=type=cache,id=killed-owner,target=/seen [ -e /seen/it ] || first=55; touch /seen/it; echo started; sleep \${first:-0}
`
  const context = contextFor(me, 'killed-owner', { Dockerfile: dockerfile })
  const owner = startLongshore(me, ['build', context])
  await printed(owner, /\d started\n/)
  const waiter = startLongshore(me, ['build', context])
  const waits = printed(waiter, /another build is running/)
  const runs = printed(waiter, /\d started\n/)
  const ended = new Promise<number | null>((done) => waiter.once('close', done))
  await waits
  owner.kill('SIGKILL')
  await runs
  expect(await ended).toBe(0)
  expect(left('claims')).toEqual([])
})

test('Ctrl-C while waiting leaves nothing, and the other build is none the worse', async () => {
  const context = contextFor(me, 'interrupted-waiter', {
    Dockerfile: 'FROM longshore-base\nRUN echo started; sleep 3\n',
  })
  const owner = startLongshore(me, ['build', context])
  const ownerEnded = new Promise<number | null>((done) => owner.once('close', done))
  await printed(owner, /\d started\n/)
  const waiter = startLongshore(me, ['build', context])
  const ended = new Promise<number | null>((done) => waiter.once('close', done))
  await printed(waiter, /another build is running/)
  waiter.kill('SIGINT')
  expect(await ended).toBe(130)
  expect(await ownerEnded).toBe(0)
  for (const folder of ['claims', 'work']) expect(left(folder)).toEqual([])
  expect(mountsUnder(me.home)).toEqual([])
})

test('several targets are built as one graph, each an image with its own names', () => {
  const context = contextFor(me, 'targets', {
    Dockerfile: [
      'FROM longshore-base AS common\nRUN head -c9 /dev/urandom | od -x > /common',
      'FROM common AS app\nRUN echo app > /app',
      'FROM common AS test\nRUN echo test > /test',
    ].join('\n'),
  })
  const metadata = join(me.home, 'metadata.json')
  const names = ['-t', 'app=app:1', '-t', 'test=tests', '-t', 'app=again']
  const files = ['--iidfile', join(me.home, 'ids'), '--metadata-file', metadata]
  const built = longshore(me, ['build', '--target', 'app', '--target', 'test', ...names, ...files, context])
  expect(built.status, built.stderr).toBe(0)
  const ids = built.stdout.trim().split('\n')
  expect(ids).toHaveLength(2)
  expect(readFileSync(join(me.home, 'ids'), 'utf8')).toBe(ids.join('\n'))
  const base = { 'buildx.build.provenance': expect.anything() }
  expect(JSON.parse(readFileSync(metadata, 'utf8'))).toEqual({
    app: { ...base, 'containerimage.config.digest': ids[0], 'image.name': 'app:1,again:latest' },
    test: { ...base, 'containerimage.config.digest': ids[1], 'image.name': 'tests:latest' },
  })
  expect(built.stderr.match(/RUN head/g)).toHaveLength(1)
  const cat = (image: string): string =>
    longshore(me, ['run', image, 'sh', '-c', 'cat /app /test 2> /dev/null; cat /common']).stdout
  expect(cat('app:1')).toMatch(/^app\n0000000 /)
  expect(cat('app:1').replace('app', 'test')).toBe(cat('tests'))
  for (const [args, message] of [
    [['-t', 'x'], '-t x: there are several targets, and it does not say which one it names'],
    [['-t', 'y=x'], '-t y=x: it names none of the targets'],
    [['-o', 'out'], '--output writes one image, but there are several targets'],
  ] as const) {
    const wrong = longshore(me, ['build', '--target', 'app,test', ...args, context])
    expect(wrong.status).toBe(125)
    expect(wrong.stderr).toContain(`error: ${message} [usage]`)
  }
  expect(longshore(me, ['build', '--target', 'app,tset', context]).stderr).toContain('(did you mean test?)')
})

test('--keep-going tells every failure; filters and ages decide what is used', () => {
  const context = contextFor(me, 'keep-going', {
    Dockerfile: [
      'FROM longshore-base AS bad\nRUN exit 3\nRUN echo unreached',
      'FROM longshore-base AS good\nRUN sleep 1; date +%N > /good',
      'FROM longshore-base AS worse\nRUN exit 4',
      'FROM longshore-base\nCOPY --from=bad / /b\nCOPY --from=good /good /g\nCOPY --from=worse / /w',
    ].join('\n'),
  })
  const build = (...args: string[]): ReturnType<typeof longshore> => longshore(me, ['build', ...args, context])
  const failed = build('--keep-going')
  expect(failed.status).toBe(1)
  for (const code of [3, 4]) expect(failed.stderr).toContain(`exit code: ${code} [step-failed]`)
  expect(failed.stderr).toMatch(/debug [0-9a-f]{12}, or longshore debug [0-9a-f]{12}\n$/)
  expect(failed.stderr).not.toContain('] RUN echo unreached')
  expect(longshore(me, ['why', '-C', context, 'exit 4']).stdout).toContain(
    'tried before with the same inputs, and failed with exit code 4',
  )
  const plan = (...args: string[]): string =>
    longshore(me, ['build', '--plan', '--target', 'good', ...args, context]).stdout
  expect(plan()).toContain('HIT   [good 2/2]')
  expect(plan('--no-cache-filter', 'bad,GOOD')).toContain(
    'MISS  [good 2/2] RUN sleep 1; date +%N > /good  (no cache was wanted',
  )
  expect(plan('--cache-ttl', '1h')).toContain('HIT   [good 2/2]')
  expect(plan('--cache-ttl', '1ms')).toContain('longer ago than --cache-ttl allows; took')
  expect(build('--no-cache-filter', 'god').stderr).toContain(
    'error: stage "god" could not be found (did you mean good?)',
  )
  expect(build('--cache-ttl', '3 days').stderr).toContain('error: --cache-ttl: "3 days" is no time span [usage]')
})

test('all steps that can run do so at once, whatever the number of processors', () => {
  const names = Array.from({ length: 9 }, (_, at) => `s${at}`)
  // Each waits for all others, by way of what they share.
  const meet = (name: string): string =>
    `touch /met/${name}; for i in $(seq 400); do [ "$(ls /met | wc -l)" = 9 ] && exit 0; sleep 0.1; done; exit 1`
  const stages = names.map(
    (name) => `FROM longshore-base AS ${name}\nRUN --mount=type=cache,id=meeting,target=/met ${meet(name)}\n`,
  )
  const last = `FROM longshore-base\n${names.map((name) => `COPY --from=${name} /bin/sh /${name}\n`).join('')}`
  const context = contextFor(me, 'meeting', { Dockerfile: `${stages.join('')}${last}` })
  const { status, stderr } = longshore(me, ['build', context])
  expect(status, stderr).toBe(0)
})

test('quiet, events as JSON are those of errors', () => {
  const context = contextFor(me, 'quiet-json', {
    Dockerfile: 'FROM longshore-base\nRUN echo words; exit 3\n',
    Bad: 'FROM longshore-base\nRUM true\n',
    Good: 'FROM longshore-base\nRUN echo fine\n',
  })
  const quiet = (file: string): ReturnType<typeof longshore> =>
    longshore(me, ['build', '-q', '--progress=rawjson', '-f', join(context, file), context])
  const failed = quiet('Dockerfile')
  expect(failed.status).toBe(1)
  expect(JSON.parse(failed.stderr)).toMatchObject({ kind: 'error', error: { code: 'step-failed' } })
  const bad = quiet('Bad')
  expect(bad.status).toBe(125)
  expect(JSON.parse(bad.stderr)).toMatchObject({ kind: 'diagnostic', diagnostic: { code: 'unknown-instruction' } })
  expect(quiet('Good')).toMatchObject({ status: 0, stderr: '' })
})
