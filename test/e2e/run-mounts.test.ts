import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Actor,
  contextFor,
  giveTo,
  longshore,
  longshoreAsync,
  makeActor,
  runAs,
  unavailable,
} from '../support/actor.ts'
import { buildBase, mountsUnder } from '../support/base-image.ts'
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary.ts'

const directory = makeTemporaryDirectory()
afterAll(() => removeDirectory(directory))

/** A value that is nowhere by chance. */
const value = 'Vq8-unlikely-Zt2'

describe.each(['root', 'user'] as const)('RUN --mount as %s', (name) => {
  const reason = unavailable(name)
  if (reason !== undefined) {
    test.skip(reason)
    return
  }
  let me: Actor
  beforeAll(() => {
    me = makeActor(name, directory)
    buildBase(me)
  })
  const contexts = { count: 0 }

  /** Builds a Dockerfile of `lines` on the base image. Its output is without the times of the lines. */
  function build(
    lines: string,
    files: Readonly<Record<string, string>> = {},
    flags: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): { readonly status: number | null; readonly output: string; readonly context: string } {
    contexts.count += 1
    const context = contextFor(me, `mounts-${contexts.count}`, {
      Dockerfile: `FROM longshore-base\n${lines}\n`,
      ...files,
    })
    const { status, stderr } = longshore(me, ['build', ...flags, context], { env })
    return { status, output: stderr.replace(/^#\d+ [\d.]+ /gm, '| '), context }
  }

  test('a bind of the context shows what a COPY of it would take', () => {
    const lines = 'RUN --mount=target=/ctx cd /ctx && find . -type f | sort && stat -c "%u:%g %a" kept && ! touch new'
    const files = { kept: '1', 'dir/also': '2', 'dir/ignored.log': '3', '.dockerignore': '**/*.log\nDockerfile\n' }
    const first = build(lines, files)
    expect(first.output).toContain('| ./.dockerignore\n| ./dir/also\n| ./kept\n| 0:0 644\n')
    expect(first.output).not.toContain('ignored')
    writeFileSync(join(first.context, 'dir/ignored.log'), 'changed')
    expect(longshore(me, ['build', '--plan', first.context]).stdout).toContain('1 HIT, 0 MISS')
    writeFileSync(join(first.context, 'kept'), 'changed')
    expect(longshore(me, ['build', first.context]).stderr).toContain('./kept')
  })

  test('a source stays inside its root, whatever symlinks say', () => {
    const links = 'RUN mkdir -p /in && echo inside > /in/f && ln -s ../../../../../../in /climb && ln -s /in /absolute'
    const { output, status } = build(`${links}
FROM longshore-base
RUN --mount=from=0,source=climb,target=/a --mount=from=0,source=absolute/f,target=/b cat /a/f /b
RUN --mount=from=longshore-base,source=/bin,target=/c ls /c/busybox`)
    expect(output).toContain('| inside\n')
    expect(output).toContain('| /c/busybox\n')
    expect(status).toBe(0)
    const missing = build('RUN --mount=source=nope,target=/a true', { nop: '' })
    expect(missing.output).toContain('source-not-found')
    expect(missing.status).toBe(125)
  })

  test('what is written to a bind is thrown away, and the next step sees the files as they were', () => {
    const { output } = build(
      `RUN --mount=target=/c,rw echo more >> /c/f && rm /c/g && cat /c/f
RUN --mount=target=/c,rw cat /c/f /c/g`,
      { f: 'f\n', g: 'g\n' },
    )
    expect(output).toMatch(/\| f\n\| more\n[\s\S]*\| f\n\| g\n/)
  })

  test('a cache is kept between builds, and locked by one at a time', async () => {
    const lines = (who: string): string => `FROM longshore-base
ARG who
RUN --mount=type=cache,id=${name}-lock,target=/c,sharing=locked echo begin ${who} >> /c/log; sleep 0.5; echo end ${who} >> /c/log`
    const builds = ['one', 'two', 'three'].map((who) =>
      longshoreAsync(me, ['build', contextFor(me, `lock-${who}`, { Dockerfile: lines(who) })]),
    )
    const done = await Promise.all(builds)
    for (const { status, stderr } of done) expect(status, stderr).toBe(0)
    const { output } = build(`RUN --mount=type=cache,id=${name}-lock,target=/c cat /c/log`)
    const log = [...output.matchAll(/\| (begin|end) (\w+)/g)].map(([, what, who]) => [what, who])
    expect(log.length).toBe(6)
    for (const index of [0, 2, 4]) expect(log[index + 1]).toEqual(['end', log[index]?.[1]])
  })

  test('a shared cache is shared by processes at the same time', async () => {
    const meet = (mine: string, other: string): string => `FROM longshore-base
RUN --mount=type=cache,id=${name}-meet,target=/c touch /c/${mine}; i=0; while [ ! -e /c/${other} ]; do sleep 0.1; i=$((i+1)); [ $i -lt 200 ]; done`
    const builds = [
      longshoreAsync(me, ['build', contextFor(me, 'meet-a', { Dockerfile: meet('a', 'b') })]),
      longshoreAsync(me, ['build', contextFor(me, 'meet-b', { Dockerfile: meet('b', 'a') })]),
    ]
    for (const done of await Promise.all(builds)) expect(done.status, done.stderr).toBe(0)
  })

  test('a cache begins with what it is told to, and is no part of the key', () => {
    const from = `RUN mkdir /seed && echo seed > /seed/f
FROM longshore-base
RUN --mount=type=cache,id=${name}-seed,target=/c,from=0,source=/seed cat /c/f; echo grown >> /c/f`
    expect(build(from).output).toContain('| seed\n')
    expect(build(from).output).not.toContain('| seed\n')
    expect(build(from, {}, ['--no-cache']).output).toContain('| seed\n| grown\n')
  })

  test('one step may lock a cache twice, and two steps the same caches in any order', () => {
    const both = (first: string, second: string): string =>
      `RUN --mount=type=cache,id=${name}-${first},target=/a,sharing=locked --mount=type=cache,id=${name}-${second},target=/b,sharing=locked`
    const { output, status } = build(`${both('x', 'x')} touch /a/f && ls /b/f
FROM longshore-base AS one
${both('y', 'z')} sleep 0.3; touch /one
FROM longshore-base AS two
${both('z', 'y')} sleep 0.3; touch /two
FROM longshore-base
RUN --mount=from=0,target=/0 --mount=from=one,target=/1 --mount=from=two,target=/2 ls /1/one /2/two`)
    expect(status, output).toBe(0)
    expect(output).toContain('| /b/f\n')
    expect(output).toMatch(/\| \/1\/one\n\| \/2\/two\n/)
  })

  // Root can give files to anybody.
  if (name === 'user') {
    test('an owner that this user cannot give is said', () => {
      const lines = 'RUN --mount=type=secret,id=t,uid=70000 true'
      const { output, status } = build(lines, {}, ['--secret', 'id=t,env=T'], { T: 't' })
      expect(output).toMatch(/cannot prepare the mounts: EINVAL[\s\S]*range of ids/)
      expect(status).toBe(125)
    })
  }

  test('a secret is a file or a variable, and nowhere else', () => {
    const file = join(me.home, 'token')
    writeFileSync(file, value)
    giveTo(me, me.home)
    const lines = `USER app
RUN --mount=type=secret,id=tok,uid=1000 --mount=type=secret,id=var,env=VAR --mount=type=secret,id=none \\
  stat -c "%a %u %n" /run/secrets/*; wc -c < /run/secrets/tok; test "$VAR" = "$(cat /run/secrets/tok)" && echo same; touch /tmp/made
RUN env | grep VAR; ls /run 2>/dev/null; echo after`
    const flags = ['--secret', `id=tok,src=${file}`, '--secret', 'id=var,env=TOKEN', '-t', 'with-secret']
    const { output, status, context } = build(lines, {}, [...flags, '--progress=rawjson'], { TOKEN: value })
    const decoded = output.replace(/"data":"([^"]*)"/g, (_, data: string) => Buffer.from(data, 'base64').toString())
    expect(status, output).toBe(0)
    expect(decoded).toContain(`400 1000 /run/secrets/tok\n`)
    expect(decoded).toContain(`${value.length}\n`)
    expect(decoded).toContain('same\n')
    expect(decoded).not.toMatch(/VAR=|secrets\/none/)
    expect(decoded).not.toContain(value)
    const found = runAs(me, [...insideStore(me), 'grep', '-rl', value, join(me.home, 'store')])
    expect([found.stdout, found.status]).toEqual(['', 1])
    expect(mountsUnder(directory)).toEqual([])
    // Another value, or none, is no reason to run again.
    writeFileSync(file, 'other')
    const again = longshore(me, ['build', '--secret', `id=tok,src=${file}`, context])
    expect(again.stderr.match(/CACHED/g)?.length).toBe(3)
  })

  test('a required secret must be given', () => {
    const lines = 'RUN --mount=type=secret,id=tok,required cat /run/secrets/tok'
    const missing = build(lines)
    expect(missing.status).toBe(125)
    expect(missing.output).toMatch(/secret "tok": not found[\s\S]*--secret id=tok,src=FILE/)
    const unset = build(lines, {}, ['--secret', 'id=tok,env=NOT_SET_AT_ALL'])
    expect(unset.output).toContain('the environment variable NOT_SET_AT_ALL is not set')
    expect(longshore(me, ['build', '--secret', 'id=tok,src=/no/such', me.home]).stderr).toContain(
      '"/no/such" is no file',
    )
  })

  // The tests around use crun.
  const isolations = name === 'root' ? (['crun', 'runc', 'builtin'] as const) : (['builtin'] as const)
  test.each(isolations)('all kinds together by %s, and nothing stays', (isolation) => {
    if (isolation !== 'builtin') expect(spawnSync(isolation, ['--version']).status).toBe(0)
    const lines = `RUN stat -c %y /home /home/app > /tmp/before
RUN --mount=target=/m/ctx --mount=type=cache,target=/m/cache,id=${name} --mount=type=tmpfs,target=/m/tmp,size=1m \\
  --mount=type=secret,id=tok,env=TOK,target=/etc/deep/tok --mount=type=secret,id=tok,target=/dev/tok \\
  --mount=type=tmpfs,target=/home/app/a/b --mount=type=secret,id=tok,target=/home/tok \\
  cat /m/ctx/f; touch /m/cache/x /m/tmp/y; df /m/tmp | grep -c 1024; cat /etc/deep/tok /dev/tok; echo $TOK | wc -c
RUN <<END
#!/bin/awk -f
BEGIN { print "from " ENVIRON["HOME"] }
END
USER app
RUN <<END
#!/bin/sh
id -u; cat $0 | wc -l
END
USER root
RUN stat -c %y /home /home/app | diff - /tmp/before && ls -d /dev/pipes /m /etc/deep /home/tok /home/app/a 2>/dev/null | wc -l`
    const flags = ['--no-cache', '--isolation', isolation, '--secret', 'id=tok,env=TOK']
    const { output, status } = build(lines, { f: 'ctx\n' }, flags, { TOK: 'tok\n' })
    expect(status, output).toBe(0)
    expect(output).toMatch(/\| ctx\n\| 1\n\| tok\n\| tok\n/)
    expect(output).toMatch(/\| from \/root\n/)
    expect(output).toMatch(/\| 1000\n\| 2\n/)
    expect(output).toMatch(/\| 0\n/)
    expect(mountsUnder(directory)).toEqual([])
  })

  test('a script whose interpreter is not there says so', () => {
    const { output, status } = build('RUN <<END\n#!/opt/python\nEND')
    expect(output).toContain('its interpreter "/opt/python" is not in the image')
    expect(status).toBe(1)
  })

  test('--security=insecure needs permission, and gives what the builder has', () => {
    const lines = 'RUN --security=insecure mount -t tmpfs none /tmp && grep ^CapEff /proc/self/status && umount /tmp'
    expect(build(lines).output).toContain('[insecure-not-allowed]')
    for (const isolation of name === 'root' ? ['crun', 'builtin'] : ['builtin']) {
      const flags = ['--allow', 'security.insecure', '--isolation', isolation, '--no-cache']
      const { output, status } = build(lines, {}, flags)
      expect(status, output).toBe(0)
      expect(output).toMatch(/CapEff:\s+0*1f/)
    }
  })

  describe('an ssh agent', () => {
    const tool = 'ld.so --library-path . ./ssh-add'
    const see = `RUN --mount=type=ssh,uid=1000 --mount=target=/tools cd /tools && ./${tool} -l; ./${tool} -D; echo $SSH_AUTH_SOCK`

    /** ssh-add(1) of this machine with what it needs, to be bound from the context. */
    function tools(context: string): void {
      const libraries = execFileSync('ldd', ['/usr/bin/ssh-add'], { encoding: 'utf8' })
      for (const [, path = ''] of libraries.matchAll(/(\/\S+) \(0x/g))
        copyFileSync(path, join(context, path.includes('/ld-') ? 'ld.so' : basename(path)))
      copyFileSync('/usr/bin/ssh-add', join(context, 'ssh-add'))
      giveTo(me, context)
    }

    function key(file: string): string {
      const path = join(me.home, file)
      if (!existsSync(path)) runAs(me, ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', file, '-f', path])
      return path
    }

    test('of keys: the step may list and sign, not change; it is gone afterwards', ({ skip }) => {
      if (!existsSync('/usr/bin/ssh-agent')) skip('needs openssh-client')
      const context = contextFor(me, 'ssh-keys', { Dockerfile: `FROM longshore-base\nUSER app\n${see}\n` })
      tools(context)
      const built = longshore(me, ['build', '--ssh', `default=${key('first')},${key('second')}`, context])
      expect(built.stderr).toMatch(/SHA256:\S+ first \(ED25519\)[\s\S]* second \(ED25519\)/)
      expect(built.stderr).toMatch(/agent refused operation|Failed to remove all identities/)
      expect(built.stderr).toContain('/run/buildkit/ssh_agent.0')
      const found = runAs(me, [...insideStore(me), 'grep', '-rl', 'OPENSSH PRIVATE KEY', join(me.home, 'store')])
      expect(found.stdout).toBe('')
      const agents = spawnSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).stdout
      expect(agents).not.toMatch(/^ssh-agent -a agent sh /m)
    })

    test('of this machine, by its socket', ({ skip }) => {
      if (!existsSync('/usr/bin/ssh-agent')) skip('needs openssh-client')
      const context = contextFor(me, 'ssh-agent', { Dockerfile: `FROM longshore-base\nUSER app\n${see}\n` })
      tools(context)
      const script = `ssh-add -q ${key('third')}; cd "$1"; shift; exec "$@"`
      const bin = join(import.meta.dirname, '../../bin/longshore')
      const inner = [
        'ssh-agent',
        'sh',
        '-c',
        script,
        'sh',
        context,
        bin,
        'build',
        '--no-cache',
        '--ssh',
        'default',
        '.',
      ]
      const built = runAs(me, inner)
      expect(built.stderr).toMatch(/SHA256:\S+ third \(ED25519\)/)
      expect(runAs(me, ['test', '-d', context]).status).toBe(0)
    })

    test('that is not given is left out, unless it is required', () => {
      expect(build('RUN --mount=type=ssh echo "sock=$SSH_AUTH_SOCK."').output).toContain('| sock=.\n')
      const required = build('RUN --mount=type=ssh,required true')
      expect(required.output).toContain('ssh agent "default": not found')
      const unset = build('RUN --mount=type=ssh true', {}, ['--ssh', 'default'])
      expect(unset.output).toContain('SSH_AUTH_SOCK is not set')
    })
  })
})

/** How the actor's own processes see a store: files of subordinate ids can be read only from inside. */
function insideStore(actor: Actor): readonly string[] {
  return actor.name === 'user' ? ['unshare', '--user', '--map-auto', '--map-root-user'] : []
}
