import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { probeCgroups } from '../../src/cgroup/index.ts'
import { longshoreAsync, startLongshore } from '../support/actor.ts'
import { mountsUnder } from '../support/base-image.ts'
import { containerUsers, local } from '../support/container-suite.ts'
import { listenOnLoopback } from '../support/loopback.ts'

const user = containerUsers()

/** Names of the control groups of containers, in any hierarchy. */
function controlGroups(): readonly string[] {
  return Object.values(probeCgroups(true).controllers).flatMap((place) =>
    place.kind === 'there' && existsSync(place.parent)
      ? readdirSync(place.parent).filter((name) =>
          statSync(join(place.parent, name), { throwIfNoEntry: false })?.isDirectory(),
        )
      : [],
  )
}

/** Processes whose command line tells of a directory. */
function processesOf(path: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return command.includes(path) ? [command] : []
      } catch {
        // It has just ended.
        return []
      }
    })
}

/** Which of some network namespaces a process is still in. */
function livingNamespaces(wanted: readonly string[]): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => namespaceOf(pid) ?? [])
    .filter((namespace) => wanted.includes(namespace))
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    // It has just ended.
    return undefined
  }
}

describe.each(['root', 'user'] as const)('as %s', (name) => {
  const { reason, actor, run, done } = user(name)
  /** Limits need control groups, which an ordinary user may not have. */
  const limits = (what: string, timeout: number, check: () => void | Promise<void>): void => {
    if (name === 'root') test.skipIf(reason !== undefined)(what, { timeout }, check)
  }

  limits('memory that is not there ends a container, and that is told', 60_000, () => {
    const flags = ['--memory', '32m', '--memory-swap', '32m', '--name', 'eater']
    // tail keeps what has no line end.
    const script = 'exec tail -c 150000000 /dev/zero'
    expect(run('run', ...flags, ...local, 'longshore-base', 'sh', '-c', script).status).toBe(137)
    expect(done('inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}}', 'eater')).toBe('true 137\n')
    const since = ['--since', '5m', '--until', '0s', '--filter', 'container=eater', '--filter', 'event=oom']
    expect(done('events', ...since, '--format', '{{.Action}}')).toBe('oom\n')
    done('rm', 'eater')
  })

  limits('a fork bomb stops at --pids-limit', 60_000, () => {
    const script = 'i=0; while [ $i -lt 60 ]; do sleep 30 & i=$((i+1)); done; echo survived'
    const bomb = run('run', '--rm', '--pids-limit', '20', ...local, 'longshore-base', 'sh', '-c', script)
    expect(bomb.stderr).toMatch(/fork/i)
    expect(bomb.stdout).not.toContain('survived')
  })

  limits('half a processor does half the work', 120_000, async () => {
    // All on one processor at the same time, so that what else the machine does is the same for both.
    const script = 'while :; do :; done'
    const start = (one: string, cpus: string): string =>
      done(
        'run',
        '-d',
        '--name',
        one,
        '--cpus',
        cpus,
        '--cpu-shares',
        '512',
        '--cpuset-cpus',
        '0',
        ...local,
        'longshore-base',
        'sh',
        '-c',
        script,
      )
    const used = (pid: number): number => {
      const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
      return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[11])
    }
    start('whole', '0.2')
    start('half', '0.1')
    const [whole = 0, half = 0] = ['whole', 'half'].map((one) => Number(done('inspect', '-f', '{{.State.Pid}}', one)))
    const before = [used(whole), used(half)] as const
    for (const deadline = performance.now() + 60_000; used(whole) - before[0] < 60; ) {
      expect(performance.now()).toBeLessThan(deadline)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const ratio = (used(half) - before[1]) / (used(whole) - before[0])
    expect(ratio).toBeGreaterThan(0.35)
    expect(ratio).toBeLessThan(0.65)
    expect(JSON.parse(done('inspect', '-f', '{{json .HostConfig}}', 'half'))).toMatchObject({
      NanoCpus: 1e8,
      CpusetCpus: '0',
      CpuShares: 512,
    })
    done('rm', '-f', 'whole', 'half')
    done('run', '--rm', '--cpuset-mems', '0', '-c', '100', ...local, 'longshore-base', 'true')
  })

  test('fifty start and stop at once, and nothing of them is left', { timeout: 600_000 }, async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const names = Array.from({ length: 50 }, (_, index) => `many-${index}`)
    const store = join(actor().home, 'store')
    done('run', '--rm', ...local, 'longshore-base', 'true')
    const started = await Promise.all(
      names.map((one) =>
        longshoreAsync(actor(), ['run', '-d', '--name', one, ...local, 'longshore-base', 'sleep', '1000']),
      ),
    )
    for (const { status, stderr } of started) expect(status, stderr).toBe(0)
    expect(done('ps', '-q').trim().split('\n')).toHaveLength(names.length)
    const ids = started.map(({ stdout }) => stdout.trim())
    const pids = done('inspect', '-f', '{{.State.Pid}}', ...names)
      .trim()
      .split('\n')
    const namespaces = pids.flatMap((pid) => namespaceOf(pid) ?? [])
    expect(new Set(namespaces).size).toBe(names.length)
    expect((await longshoreAsync(actor(), ['stop', '-t', '0', ...names], { timeoutMs: 300_000 })).status).toBe(0)
    expect((await longshoreAsync(actor(), ['rm', ...names], { timeoutMs: 300_000 })).status).toBe(0)
    expect(readdirSync(join(store, 'containers'))).toEqual(['names'])
    expect(readdirSync(join(store, 'containers/names'))).toEqual([])
    expect(existsSync(join(store, 'volumes'))).toBe(false)
    expect(mountsUnder(actor().home)).toEqual([])
    // Supervisors and their wardens leave within moments of the answer.
    for (const deadline = performance.now() + 20_000; processesOf(store).length > 0; ) {
      if (performance.now() > deadline) expect(processesOf(store)).toEqual([])
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(controlGroups().filter((group) => ids.includes(group))).toEqual([])
    expect(livingNamespaces(namespaces)).toEqual([])
  })

  describe('what cannot be is said, and nothing is left of it', () => {
    /** Runs what must fail, and sees to it that no container of that name, mount or group is left. */
    const fails = (status: number, ...args: readonly string[]): string => {
      const result = run(...args)
      expect(result.status, result.stderr).toBe(status)
      expect(mountsUnder(actor().home)).toEqual([])
      return result.stderr
    }

    test('a program that is not there, or is none, or nobody knows the user', ({ skip }) => {
      if (reason !== undefined) skip(reason)
      const image = ['run', '--rm', ...local, 'longshore-base']
      expect(fails(127, ...image, 'no-such-command')).toContain('no-such-command')
      expect(fails(126, ...image, '/etc/passwd')).toContain('permission denied')
      const asNobody = fails(125, 'run', '--rm', ...local, '-u', 'nobody-knows', 'longshore-base', 'true')
      expect(asNobody).toContain('[user-not-found]')
      expect(fails(125, 'run', '--rm', ...local, '--group-add', 'no-group', 'longshore-base', 'true')).toContain(
        'no-group',
      )
      expect(done('ps', '-aq')).toBe('')
    })

    test('a source that is not there, a name that is taken, an image that nobody has', ({ skip }) => {
      if (reason !== undefined) skip(reason)
      expect(fails(125, 'run', ...local, '-v', '/no/such/source:/x', 'longshore-base', 'true')).toContain(
        '/no/such/source',
      )
      done('create', '--name', 'taken', ...local, 'longshore-base', 'true')
      expect(fails(125, 'run', '--name', 'taken', ...local, 'longshore-base', 'true')).toContain('[name-in-use]')
      expect(fails(125, 'run', '--pull', 'never', 'no-such-image')).toContain('[image-not-found]')
      done('rm', 'taken')
      expect(done('ps', '-aq')).toBe('')
    })

    test('a port that is taken', async ({ skip }) => {
      if (reason !== undefined) skip(reason)
      const server = createServer()
      const port = await listenOnLoopback(server)
      onTestFinished(() => void server.close())
      const taken = await longshoreAsync(actor(), [
        'run',
        '--rm',
        '-p',
        `127.0.0.1:${port}:80`,
        'longshore-base',
        'true',
      ])
      expect(taken.status).toBe(125)
      expect(taken.stderr).toContain('[port-in-use]')
      expect(taken.stderr).toContain(String(port))
      expect(done('ps', '-aq')).toBe('')
      expect(mountsUnder(actor().home)).toEqual([])
    })

    test('a container that goes while a command runs in it', { timeout: 60_000 }, async ({ skip }) => {
      if (reason !== undefined) skip(reason)
      done('run', '-d', '--name', 'going', ...local, 'longshore-base', 'sleep', '1000')
      const child = startLongshore(actor(), ['exec', 'going', 'sh', '-c', 'echo in; sleep 1000'])
      let said = ''
      child.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()))
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
      await new Promise((resolve) => child.stdout?.once('data', resolve))
      done('rm', '-f', 'going')
      expect(await ended, said).toBe(137)
      expect(mountsUnder(actor().home)).toEqual([])
    })

    test('two who start one container at once: it runs once', { timeout: 60_000 }, async ({ skip }) => {
      if (reason !== undefined) skip(reason)
      done('create', '--name', 'raced', ...local, 'longshore-base', 'sh', '-c', 'echo began >>/began; exec sleep 1000')
      const starts = await Promise.all(Array.from({ length: 4 }, () => longshoreAsync(actor(), ['start', 'raced'])))
      expect(starts.filter(({ status }) => status === 0).length).toBeGreaterThan(0)
      for (const { status, stderr } of starts) if (status !== 0) expect(stderr).toContain('[container-failed]')
      expect(done('exec', 'raced', 'cat', '/began')).toBe('began\n')
      done('rm', '-f', 'raced')
    })
  })
})
