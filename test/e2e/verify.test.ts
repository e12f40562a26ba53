import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Actor, contextFor, longshore, makeActor, unavailable } from '../support/actor.ts'
import { buildBase, mountsUnder } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

/** Each leaves something to chance; what must be said of it. */
const chances = [
  ['the time', 'date +%s > /out', /"\/out" differs in content at line 1: "\d+", then "\d+"/],
  ['the host name', 'hostname > /out', /"buildkitsandbox", then "another-machine"/],
  ['the locale', 'echo "$LANG" > /out', /"", then "et_EE.UTF-8"/],
  ['the time zone', 'date -d @0 +%H > /out', /"00", then "14"/],
  ['the umask', 'umask > /out', /"0022", then "0002"/],
  [
    'the order of names',
    'find /names > /out',
    /"\/out" differs in content at line \d+: "\/names\/\d+", then "\/names\/\d+"/,
  ],
  ['the number of processors', 'nproc > /out', /"\d+", then "1"/],
  ['process numbers', 'sh -c "echo \\$\\$; true" > /out; true', /then "400\d"/],
  ['random bytes', 'head -c 40 /dev/urandom > /out', /differs in content at byte 0/],
  [
    'random names',
    'touch /$(head -c 8 /dev/urandom | od -An -tx1 | tr -d " ")',
    /differs in presence: (a file, then not there|not there, then a file)/,
  ],
  ['a mode by chance', 'touch /mode; [ $(nproc) = 1 ] && chmod 600 /mode; true', /differs in mode: 0644, then 0600/],
  ['a link to the host', 'ln -s /net/$(hostname) /link', /differs in link/],
  ['failing elsewhere', '[ "$(hostname)" = buildkitsandbox ]', /fails the second time: process .* exit code: 1/],
] as const

const nothingLeft = [
  'FROM longshore-base AS one',
  'RUN mkdir /names && for i in 1 2 3 4 5 6 7 8; do echo $i > /names/$i; done',
  'FROM one AS two',
  'RUN find /names -type f | sort > /list && cat /names/* > /all && rm /names/3',
  'RUN --mount=type=tmpfs,target=/scratch --mount=type=bind,source=.,target=/ctx cp /ctx/file /scratch && cp /scratch/file /from-scratch',
  'RUN mkdir /made && echo x > /made/x && ln /made/x /made/hard && ln -s x /made/soft && rm /bin/vi && mv /names /moved',
  'WORKDIR /app/deep',
  'USER 1000:1000',
  'RUN id -u > /tmp/id && ls -a / | sort > /tmp/root',
  'USER 0',
  'COPY --chown=7:8 . .',
  'COPY --from=one /names /again',
  'RUN sha256sum /again/* file > sums',
].join('\n')

describe.each(['root', 'user'] as const)('build --verify, as %s', (name) => {
  const obstacle = unavailable(name)
  let me: Actor
  const build = (context: string, ...args: string[]) =>
    longshore(me, ['build', '-q', '--verify', ...args, context], { cwd: me.home })

  beforeAll(() => {
    if (obstacle !== undefined) return
    me = makeActor(name, directory)
    buildBase(me)
  })

  test.skipIf(obstacle !== undefined)('every kind of chance is found, and where', () => {
    const lines = chances.map(([, command]) => `RUN ${command}`)
    const context = contextFor(me, 'chances', {
      Dockerfile: ['FROM longshore-base', 'RUN mkdir /names && cd /names && touch 1 2 3 4 5 6 7 8', ...lines].join(
        '\n',
      ),
    })
    const built = longshore(me, ['build', '--verify', '--progress', 'rawjson', context], { cwd: me.home })
    expect(built.status).toBe(1)
    const errors = built.stderr
      .split('\n')
      .flatMap((line) => (line.startsWith('{"kind":"error"') ? [JSON.parse(line)] : []))
    const byLine = new Map(errors.map(({ error }) => [error.step.line, error]))
    for (const [index, [what, , message]] of chances.entries()) {
      const error = byLine.get(index + 3)
      expect(error?.code, what).toBe('not-reproducible')
      expect(error?.message, what).toMatch(message)
    }
    expect(byLine.size).toBe(chances.length)
    expect(mountsUnder(me.home)).toEqual([])
  })

  test.skipIf(obstacle !== undefined)('a build that leaves nothing to chance passes, and nothing is remembered', () => {
    const context = contextFor(me, 'sure', { Dockerfile: nothingLeft, file: 'text' })
    const built = build(context)
    expect(built.stderr).toBe('')
    expect(built.status).toBe(0)
    expect(built.stdout).toMatch(/^sha256:/)
    const again = longshore(me, ['build', '-q', context], { cwd: me.home })
    expect(again.stdout).toBe(built.stdout)
    const dated = build(context, '--reproducible')
    expect(dated.stderr).toBe('')
    expect(dated.status).toBe(0)
  })

  test.skipIf(obstacle !== undefined)('file times count when the build lowers them', () => {
    const context = contextFor(me, 'times', {
      Dockerfile: 'FROM longshore-base\nRUN touch -d "@$(($(nproc) * 1000))" /old\n',
    })
    expect(build(context).status).toBe(0)
    const args = ['--source-date-epoch', '1000000000', '--rewrite-timestamp']
    const lowered = build(context, ...args)
    expect(lowered.stderr).toMatch(/"\/old" differs in time: 1970-01-01T00:.*, then 1970-01-01T00:16:40/)
    expect(lowered.status).toBe(1)
    expect(build(context, '--reproducible').status).toBe(0)
  })
})
