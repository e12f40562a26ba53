import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { longshore, longshoreAsync } from '../support/actor.ts'
import { mountsUnder } from '../support/base-image.ts'
import { containerUsers, local } from '../support/container-suite.ts'

const user = containerUsers()

describe.each(['root', 'user'] as const)('containers as %s', (name) => {
  const { reason, actor, done, status } = user(name)

  test('one is created, started, looked into, stopped, started again and removed', { timeout: 400_000 }, ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const script = 'trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.1; done'
    const id = done('create', '--name', 'life', ...local, 'longshore-base', 'sh', '-c', script).trim()
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect(status('life')).toBe('Created')
    expect(done('start', 'life')).toBe('life\n')
    expect(status('life')).toMatch(/^Up /)
    expect(done('exec', '-e', 'A=b', '-w', '/tmp', 'life', 'sh', '-c', 'echo $A; pwd; echo x >/made')).toBe('b\n/tmp\n')
    expect(longshore(actor(), ['exec', '-i', 'life', 'cat'], { input: 'through' }).stdout).toBe('through')
    expect(longshore(actor(), ['exec', 'life', 'sh', '-c', 'exit 3']).status).toBe(3)
    // One that ends before anybody heard that it began was waited for without end.
    for (let turn = 0; turn < 8; turn++) {
      expect(longshore(actor(), ['exec', 'life', 'sh', '-c', 'exit 3'], { timeoutMs: 60_000 }).status).toBe(3)
    }
    expect(longshore(actor(), ['exec', 'life', 'no-such-command']).status).toBe(127)
    expect(longshore(actor(), ['exec', 'life', '/etc/passwd']).status).toBe(126)
    expect(done('top', 'life')).toContain('sleep 0.1')
    done('pause', 'life')
    expect(status('life')).toContain('(Paused)')
    done('unpause', 'life')
    expect(longshore(actor(), ['rm', 'life']).status).toBe(1)
    done('stop', 'life')
    expect(status('life')).toMatch(/^Exited \(5\)/)
    expect(done('wait', id.slice(0, 12))).toBe('5\n')
    expect(done('logs', 'life')).toBe('up\nbye\n')
    expect(done('diff', 'life')).toContain('A /made\n')
    done('start', 'life')
    expect(done('exec', 'life', 'cat', '/made')).toBe('x\n')
    done('kill', 'life')
    expect(status('life')).toMatch(/^Exited \(137\)/)
    expect(done('logs', '--tail', '1', 'life')).toBe('up\n')
    expect(JSON.parse(done('inspect', 'life'))).toMatchObject([
      { Id: id, Name: '/life', State: { Status: 'exited', ExitCode: 137, Running: false } },
    ])
    done('rename', 'life', 'past')
    expect(done('rm', 'past')).toBe('past\n')
    expect(done('ps', '-aq')).toBe('')
  })

  test('what it wrote is copied, committed, exported, and gone with it', { timeout: 400_000 }, ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const script = 'echo written >/file; rm /etc/group; exec sleep 1000'
    done('run', '-d', '--name', 'writer', '-v', 'kept:/data', ...local, 'longshore-base', 'sh', '-c', script)
    done('exec', 'writer', 'sh', '-c', 'echo in volume >/data/v')
    const out = join(actor().home, 'copied')
    done('cp', 'writer:/file', out)
    done('cp', out, 'writer:/tmp/back')
    expect(done('exec', 'writer', 'cat', '/tmp/back')).toBe('written\n')
    const image = done('commit', '-m', 'kept', '-c', 'CMD ["cat", "/file"]', 'writer', 'committed:1').trim()
    expect(image).toMatch(/^sha256:/)
    expect(longshore(actor(), ['rmi', 'longshore-base']).stderr).toContain('used by the running container writer')
    done('rm', '-f', 'writer')
    expect(done('run', '--rm', ...local, 'committed:1')).toBe('written\n')
    expect(done('run', '--rm', '-v', 'kept:/data', ...local, 'longshore-base', 'cat', '/data/v')).toBe('in volume\n')
    expect(longshore(actor(), ['run', '--rm', ...local, 'longshore-base', 'cat', '/file']).status).toBe(1)
    done('volume', 'rm', 'kept')
  })

  test('many start and stop at once, and nothing of them is left', { timeout: 600_000 }, async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const names = Array.from({ length: 20 }, (_, index) => `many-${index}`)
    const each = async (...args: readonly string[]): Promise<void> => {
      const results = await Promise.all(
        names.map((one) =>
          longshoreAsync(
            actor(),
            args.map((word) => word.replace('NAME', one)),
          ),
        ),
      )
      for (const result of results) expect(result.status, result.stderr).toBe(0)
    }
    await each('run', '-d', '--name', 'NAME', ...local, 'longshore-base', 'sleep', '1000')
    expect(done('ps', '-q').trim().split('\n')).toHaveLength(names.length)
    done('stop', '-t', '0', ...names)
    done('rm', ...names)
    const store = join(actor().home, 'store')
    expect(readdirSync(join(store, 'containers'))).toEqual(['names'])
    expect(readdirSync(join(store, 'containers/names'))).toEqual([])
    expect(mountsUnder(actor().home)).toEqual([])
  })

  test('ends that nobody asked for are told truly', { timeout: 400_000 }, async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    done('run', '-d', '--name', 'lost', ...local, 'longshore-base', 'sleep', '1000')
    const pid = Number(done('inspect', '-f', '{{.State.Pid}}', 'lost'))
    // crun waits for the first process, and is waited for by the supervisor.
    process.kill(parentOf(parentOf(pid)), 'SIGKILL')
    expect(status('lost')).toMatch(/^Exited \(137\)/)
    done('start', 'lost')
    expect(status('lost')).toMatch(/^Up/)
    done('rm', '-f', 'lost')
    const policy = ['--restart', 'on-failure:2', '--name', 'again', ...local, 'longshore-base', 'sh', '-c', 'exit 4']
    done('run', '-d', ...policy)
    expect(done('wait', 'again')).toBe('4\n')
    expect(done('inspect', '-f', '{{.RestartCount}}', 'again')).toBe('2\n')
    done('rm', 'again')
  })
})

function parentOf(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[1])
}
