import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Actor,
  checkout,
  contextFor,
  copyFor,
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

describe.each(['root', 'user'] as const)('as %s', (name) => {
  const reason = unavailable(name)
  const story = reason === undefined ? test : test.skip
  const actor: Actor | undefined = reason === undefined ? makeActor(name, directory) : undefined
  if (actor !== undefined) buildBase(actor)
  const me = (): Actor => {
    if (actor === undefined) throw new Error(reason)
    return actor
  }

  story('builds fixtures/hello and runs it', () => {
    const context = copyFor(me(), 'fixtures/hello', 'hello')
    const built = longshore(me(), ['build', '-t', 'hello', '--build-arg', 'BASE=longshore-base', context])
    expect(built.stderr).toContain('DONE')
    expect(built.status).toBe(0)
    expect(built.stdout).toMatch(/^sha256:[a-f0-9]{64}\n$/)
    const ran = longshore(me(), ['run', '--rm', 'hello'])
    expect(ran.stderr).toBe('')
    expect(ran.status).toBe(0)
    expect(ran.stdout).toMatch(/ahoy|hello/i)
    expect(longshore(me(), ['images']).stdout).toMatch(/^hello +latest +[a-f0-9]{12} /m)
    expect(mountsUnder(me().home)).toEqual([])
  })

  story('an identical rerun executes nothing and gives the same image', () => {
    const context = contextFor(me(), 'rerun', {
      Dockerfile: [
        'FROM longshore-base',
        'WORKDIR /app',
        'COPY a.txt b.txt ./',
        'RUN cat a.txt > seen && date >> seen',
        'COPY c.txt .',
        'RUN cat c.txt >> seen',
      ].join('\n'),
      'a.txt': 'a\n',
      'b.txt': 'b\n',
      'c.txt': 'c\n',
    })
    const first = longshore(me(), ['build', '-t', 'rerun', context])
    expect(first.status, first.stderr).toBe(0)
    const second = longshore(me(), ['build', '-t', 'rerun', context])
    expect(second.stdout).toBe(first.stdout)
    expect(second.stderr).not.toContain('DONE 0.1')
    expect(second.stderr.match(/CACHED/g)?.length).toBeGreaterThanOrEqual(5)

    utimesSync(join(context, 'c.txt'), new Date(), new Date(Date.now() + 5000))
    const touched = longshore(me(), ['build', '-t', 'rerun', context])
    expect(touched.stdout).toBe(first.stdout)

    writeFileSync(join(context, 'c.txt'), 'changed\n')
    const plan = longshore(me(), ['build', '--plan', '-t', 'rerun', context])
    expect(plan.stdout).toMatch(/HIT +\[4\/6\] RUN cat a\.txt/)
    expect(plan.stdout).toMatch(/MISS +\[5\/6\] COPY c\.txt/)
    expect(plan.stdout).toMatch(/MISS +\[6\/6\] RUN cat c\.txt/)
    const edited = longshore(me(), ['build', '-t', 'rerun', context])
    expect(edited.status, edited.stderr).toBe(0)
    expect(edited.stdout).not.toBe(first.stdout)
    expect(edited.stderr).toMatch(/\[4\/6\] RUN cat a\.txt.*\n#\d+ CACHED/)
    expect(edited.stderr).toMatch(/\[6\/6\] RUN cat c\.txt[^\n]*\n(#\d+ [^\n]*\n)*#\d+ DONE/)
  })

  story('a step that makes the same tree stops the rebuild there', () => {
    const dockerfile = (comment: string): string =>
      ['FROM longshore-base', `RUN : ${comment}; echo same > /made`, 'RUN date > /later'].join('\n')
    const context = contextFor(me(), 'cutoff', { Dockerfile: dockerfile('one') })
    const first = longshore(me(), ['build', context])
    expect(first.status, first.stderr).toBe(0)
    writeFileSync(join(context, 'Dockerfile'), dockerfile('two'))
    const second = longshore(me(), ['build', context])
    expect(second.stderr).toMatch(/RUN : two[^\n]*\n#\d+ DONE/)
    expect(second.stderr).toMatch(/RUN date > \/later\n#\d+ CACHED/)
  })

  story('stages the target does not need are not touched', () => {
    const context = contextFor(me(), 'unused', {
      Dockerfile: [
        'FROM registry.invalid/nothing AS never',
        'RUN exit 1',
        'FROM longshore-base AS wanted',
        'RUN echo wanted > /wanted',
        'FROM never',
        'RUN exit 1',
      ].join('\n'),
    })
    const built = longshore(me(), ['build', '--target', 'wanted', context])
    expect(built.status, built.stderr).toBe(0)
  })

  story('independent stages run at the same time', async () => {
    // Both stages connect to a server that lets go of them only when it has seen two.
    const waiting: Socket[] = []
    const server = createServer((socket) => {
      waiting.push(socket)
      if (waiting.length === 2) for (const one of waiting) one.end('both\n')
    })
    const port = await new Promise<number>((listening) => {
      server.listen(0, '127.0.0.1', () => listening(portOf(server)))
    })
    const context = contextFor(me(), 'parallel', {
      Dockerfile: [
        'FROM longshore-base AS one',
        `RUN mkfifo /f && { sleep 30 >/f & nc 127.0.0.1 ${port} </f | grep both && : one; }`,
        'FROM longshore-base AS two',
        `RUN mkfifo /f && { sleep 30 >/f & nc 127.0.0.1 ${port} </f | grep both && : two; }`,
        'FROM scratch',
        'COPY --from=one /etc/passwd /one',
        'COPY --from=two /etc/passwd /two',
      ].join('\n'),
    })
    try {
      const built = await longshoreAsync(me(), ['build', '--jobs', '2', context])
      expect(built.status, built.stderr).toBe(0)
    } finally {
      server.close()
    }
  })

  story('run passes environment, directory, user, volumes, entrypoint and exit code', () => {
    const context = contextFor(me(), 'run-flags', {
      Dockerfile: 'FROM longshore-base\nENV A=image B=image\nCMD ["sh", "-c", "exit 3"]\n',
    })
    expect(longshore(me(), ['build', '-t', 'run-flags', context]).status).toBe(0)
    expect(longshore(me(), ['run', 'run-flags']).status).toBe(3)
    const data = join(me().home, 'data')
    mkdirSync(data, { recursive: true, mode: 0o777 })
    const shell = longshore(
      me(),
      [
        'run',
        '--rm',
        '-e',
        'A=given',
        '-e',
        'C=3',
        '-w',
        '/tmp',
        '-u',
        '1000',
        '-v',
        `${data}:/data:ro`,
        'run-flags',
      ].concat(['sh', '-c', 'echo $A $B $C; pwd; id -u; touch /data/x 2>/dev/null || echo read-only; exit 7']),
    )
    expect(shell.stdout).toBe('given image 3\n/tmp\n1000\nread-only\n')
    expect(shell.status).toBe(7)
    expect(longshore(me(), ['run', '-i', '--entrypoint', 'cat', 'run-flags'], { input: 'through' }).stdout).toBe(
      'through',
    )
    expect(longshore(me(), ['run', 'run-flags', 'no-such-command']).status).toBe(127)
    const lo = longshore(me(), ['run', '--network', 'none', 'run-flags', 'ls', '/sys/class/net'])
    expect(lo.stdout.trim()).toBe('lo')
    expect(mountsUnder(me().home)).toEqual([])
  })

  story('without crun and runc the built-in isolation is used, and that is said', () => {
    const context = contextFor(me(), 'neither', {
      Dockerfile: 'FROM longshore-base\nRUN echo neither > /made\nCMD ["cat", "/made"]\n',
    })
    // In this mount namespace the two runtimes are no executables.
    const hide =
      'for f in /usr/bin/crun /usr/sbin/runc /usr/bin/runc; do [ ! -e $f ] || mount --bind /dev/null $f; done; exec "$@"'
    const command = [
      'unshare',
      ...(name === 'root' ? ['--mount'] : ['--user', '--map-auto', '--map-root-user', '--mount']),
    ]
    const built = runAs(me(), [
      ...command,
      'sh',
      '-c',
      hide,
      'sh',
      `${checkout}/bin/longshore`,
      'build',
      '-t',
      'neither',
      context,
    ])
    expect(built.status, built.stderr).toBe(0)
    expect(built.stderr).toContain('built-in isolation, since neither crun nor runc works here')
    const ran = runAs(me(), [...command, 'sh', '-c', hide, 'sh', `${checkout}/bin/longshore`, 'run', 'neither'])
    expect(ran.stdout).toBe('neither\n')
  })

  story('works with the built-in isolation when it is asked for', () => {
    const context = contextFor(me(), 'builtin', {
      Dockerfile: 'FROM longshore-base\nRUN echo built > /made\nCMD ["cat", "/made"]\n',
    })
    const built = longshore(me(), ['build', '--isolation', 'builtin', '--no-cache', '-t', 'builtin', context])
    expect(built.status, built.stderr).toBe(0)
    expect(longshore(me(), ['run', '--isolation', 'builtin', 'builtin']).stdout).toBe('built\n')
  })

  story('writes an OCI layout, as tar and directory, that skopeo and umoci read', () => {
    const context = contextFor(me(), 'layout', {
      Dockerfile: 'FROM longshore-base\nRUN echo in > /layer && rm /etc/group\nLABEL a=b\n',
    })
    const built = longshore(me(), [
      'build',
      '-t',
      'layout:1',
      '-o',
      'type=oci,dest=out.tar',
      '-o',
      'type=oci,tar=false,dest=out',
      context,
    ])
    expect(built.status, built.stderr).toBe(0)
    for (const source of [`oci-archive:${join(me().home, 'out.tar')}:1`, `oci:${join(me().home, 'out')}:1`]) {
      const inspected = runAs(me(), ['skopeo', 'inspect', '--config', source])
      expect(inspected.status, inspected.stderr).toBe(0)
      expect(JSON.parse(inspected.stdout).config.Labels).toEqual({ a: 'b' })
    }
    const unpacked = runAs(me(), [
      'umoci',
      'unpack',
      '--rootless',
      '--image',
      `${join(me().home, 'out')}:1`,
      join(me().home, 'bundle'),
    ])
    expect(unpacked.status, unpacked.stderr).toBe(0)
    expect(readFileSync(join(me().home, 'bundle/rootfs/layer'), 'utf8')).toBe('in\n')
    expect(existsSync(join(me().home, 'bundle/rootfs/etc/group'))).toBe(false)
    expect(existsSync(join(me().home, 'bundle/rootfs/etc/passwd'))).toBe(true)
  })

  story('leaves no work behind', () => {
    expect(readdirSync(join(me().home, 'store/work'))).toEqual([])
    expect(readdirSync(join(me().home, 'store/tmp'))).toEqual([])
  })
})

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}
