import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshore, makeActor, runAs, unavailable } from '../support/actor.ts'
import { buildBase } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

const dockerfile = [
  'FROM longshore-base AS one',
  'ARG SOURCE_DATE_EPOCH',
  'RUN echo "$SOURCE_DATE_EPOCH" > /epoch && touch -d "2001-01-01 00:00:00" /old && rm /bin/vi',
  'FROM longshore-base AS two',
  'RUN mkdir /two && echo two > /two/file',
  'FROM one',
  'WORKDIR /app/deep',
  'COPY file link /app/',
  'COPY --from=two /two /two',
  'LABEL a=b',
].join('\n')

const ids: string[] = []

describe.each(['root', 'user'] as const)('dated builds, as %s', (name) => {
  const obstacle = unavailable(name)
  let me: Actor
  let context: string
  const at = (path: string): string => join(me.home, path)

  function build(store: string, ...args: string[]) {
    const env = { LONGSHORE_ROOT: at(store), GIT_CEILING_DIRECTORIES: me.home }
    return longshore(me, ['build', '-q', ...args, context], { cwd: me.home, env })
  }

  function idOf(store: string, ...args: string[]): string {
    const built = build(store, ...args)
    expect(built.stderr).toBe('')
    expect(built.status).toBe(0)
    return built.stdout.trim()
  }

  /** Both images' names and times of all layer entries, `path mtime`, new layers only. */
  function entries(store: string, ...args: string[]): readonly string[] {
    idOf(store, ...args, '-o', 'type=oci,tar=false,dest=layout')
    const script =
      'for f in layout/blobs/sha256/*; do tar tzvf "$f" --full-time --utc 2>/dev/null || true; done; rm -r layout'
    const listed = spawnSync('sh', ['-c', script], { cwd: me.home, encoding: 'utf8' })
    return listed.stdout.split('\n').map((line) => line.replace(/^\S+ +\S+ +\d+ (\S+ \S+) (\S+).*/, '$2 $1'))
  }

  beforeAll(() => {
    if (obstacle !== undefined) return
    me = makeActor(name, directory)
    buildBase(me)
    // The base is made from files whose times are those of the run; root and user must start from the same.
    longshore(me, [
      'build',
      '-q',
      '-t',
      'longshore-base',
      '--reproducible',
      '--source-date-epoch',
      '0',
      at('base-context'),
    ])
    context = contextFor(me, 'dated', { Dockerfile: dockerfile, file: 'text', link: 'other' })
    for (const store of ['a', 'b']) runAs(me, ['cp', '-a', at('store'), at(store)])
    for (const [index, file] of ['Dockerfile', 'file', 'link'].entries())
      utimesSync(join(context, file), 1_600_000_000 + index, 1_600_000_000 + index)
  })

  test.skipIf(obstacle !== undefined)('two stores, any times of files, any number of jobs: one image', () => {
    const first = idOf('a', '--reproducible', '--jobs', '1')
    utimesSync(join(context, 'file'), 1_500_000_000, 1_500_000_000)
    expect(idOf('b', '--reproducible', '--jobs', '8')).toBe(first)
    expect(idOf('b', '--reproducible')).toBe(first)
    expect(idOf('b', '--reproducible', '--no-cache')).toBe(first)
    ids.push(first)
    const found = entries('a', '--reproducible')
    // The newest file of the context dates everything that is new.
    for (const path of ['epoch', 'old', 'app/', 'app/deep/', 'app/file', 'two/file'])
      expect(found).toContain(`${path} 2020-09-13 12:26:42`)
    const plan = longshore(me, ['build', '--plan', '--reproducible', context], { env: { LONGSHORE_ROOT: at('a') } })
    expect(plan.stdout).toContain('5 HIT, 0 MISS')
  })

  test.skipIf(obstacle !== undefined)('a given time sets history and created, and lowers file times when asked', () => {
    const inspect = (id: string) => {
      const shown = longshore(me, ['inspect', id], { env: { LONGSHORE_ROOT: at('a') } })
      return JSON.parse(shown.stdout)[0]
    }
    const id = idOf('a', '--source-date-epoch', '1000000000')
    expect(inspect(id).Created).toBe('2001-09-09T01:46:40Z')
    const history = longshore(me, ['history', '--format', '{{.CreatedAt}}', '--human=false', id], {
      env: { LONGSHORE_ROOT: at('a') },
    })
    // What the base did earlier stays; nothing is later.
    const times = history.stdout.trim().split('\n')
    expect(new Set(times.map((line) => Date.parse(line)))).toEqual(new Set([0, 1e12]))
    expect(idOf('a', '--build-arg', 'SOURCE_DATE_EPOCH=1000000000')).toBe(id)
    const lowered = entries('a', '--source-date-epoch', '1000000000', '--rewrite-timestamp')
    expect(lowered).toContain('app/file 2001-09-09 01:46:40')
    expect(lowered).toContain('epoch 2001-09-09 01:46:40')
    expect(lowered).toContain('old 2001-01-01 00:00:00')
    // A directory that WORKDIR makes is of the year 1970, and is not raised.
    expect(lowered).toContain('app/deep/ 1970-01-01 00:00:00')
    const byOutput = build('a', '--source-date-epoch', '1000000000', '-o', 'type=image,rewrite-timestamp=true')
    expect(byOutput.stdout.trim()).toBe(idOf('b', '--source-date-epoch', '1000000000', '--rewrite-timestamp'))
  })

  test.skipIf(obstacle !== undefined)('the commit that is checked out dates a build, the environment before it', () => {
    const git = [
      'git init -q . && git add -A',
      'GIT_AUTHOR_DATE=@1234567890+0000 GIT_COMMITTER_DATE=@1234567890+0000 git -c user.name=a -c user.email=a@b commit -qm x',
    ].join('\n')
    expect(runAs(me, ['sh', '-ec', git], { cwd: context }).stderr).toBe('')
    const id = idOf('a', '--reproducible')
    const created = longshore(me, ['inspect', '--format', '{{.Created}}', id], { env: { LONGSHORE_ROOT: at('a') } })
    expect(created.stdout.trim()).toBe('2009-02-13T23:31:30Z')
    const env = { LONGSHORE_ROOT: at('b'), SOURCE_DATE_EPOCH: '1234567890' }
    const byVariable = longshore(me, ['build', '-q', '--reproducible', context], { env })
    expect(byVariable.stdout.trim()).toBe(id)
    writeFileSync(join(context, '.git/HEAD'), 'nonsense')
    const broken = build('a', '--reproducible')
    expect(broken.status).toBe(125)
    expect(broken.stderr).toContain('--source-date-epoch')
    rmSync(join(context, '.git'), { recursive: true })
  })

  test.skipIf(obstacle !== undefined)('what is no time is refused, and so is rewriting to nothing', () => {
    const cases = [
      [['--source-date-epoch', '-1'], /--source-date-epoch is "-1"/],
      [['--source-date-epoch', '1e3'], /is "1e3", which is no time/],
      [['--build-arg', 'SOURCE_DATE_EPOCH=now'], /--build-arg SOURCE_DATE_EPOCH is "now"/],
      [['--source-date-epoch', '999999999999'], /no time/],
      [['--rewrite-timestamp'], /--source-date-epoch SECONDS/],
      [['-o', 'type=oci,dest=x,rewrite-timestamp=maybe'], /rewrite-timestamp must be true or false/],
    ] as const
    for (const [args, message] of cases) {
      const refused = build('a', ...args)
      expect(refused.stderr).toMatch(message)
      expect(refused.status).toBe(125)
    }
    expect(readFileSync(join(context, 'file'), 'utf8')).toBe('text')
  })
})

test.skipIf(unavailable('root') !== undefined || unavailable('user') !== undefined)(
  'root and an ordinary user make the same image',
  () => {
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
  },
)
