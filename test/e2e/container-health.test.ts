import { describe, expect, test } from 'vitest'
import { contextFor, longshore, startLongshore } from '../support/actor.ts'
import { containerUsers, local } from '../support/container-suite.ts'

const user = containerUsers()

describe.each(['root', 'user'] as const)('as %s', (name) => {
  const { reason, actor, done, status } = user(name)
  /** Waits until an event has come since the container was made. */
  const happens = async (container: string, event: string): Promise<void> => {
    const filters = ['--filter', `container=${container}`, '--filter', `event=${event}`]
    const child = startLongshore(actor(), ['events', '--since', '10m', ...filters])
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    child.kill('SIGINT')
    await new Promise((resolve) => child.once('close', resolve))
  }

  test('flags of a health check, and what is told of it', { timeout: 120_000 }, async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const check = ['--health-cmd', 'test -e /ok || { echo not yet; exit 1; }', '--health-interval', '100ms']
    const more = ['--health-retries', '2', '--health-timeout', '20s', '--health-start-period', '0s']
    const flags = [...check, ...more, '--health-start-interval', '1s']
    done('run', '-d', '--name', 'health', ...flags, ...local, 'longshore-base', 'sleep', '1000')
    await happens('health', 'health_status: unhealthy')
    expect(status('health')).toMatch(/^Up .* \(unhealthy\)$/)
    expect(done('ps', '-q', '--filter', 'health=unhealthy').trim()).not.toBe('')
    done('exec', 'health', 'touch', '/ok')
    await happens('health', 'health_status: healthy')
    expect(status('health')).toMatch(/ \(healthy\)$/)
    const told = JSON.parse(done('inspect', '-f', '{{json .State.Health}}', 'health'))
    expect(told).toMatchObject({ Status: 'healthy', FailingStreak: 0 })
    expect(told.Log.length).toBeLessThanOrEqual(5)
    expect(told.Log.at(-1)).toMatchObject({ ExitCode: 0, Output: '' })
    expect(JSON.parse(done('inspect', '-f', '{{json .Config.Healthcheck}}', 'health'))).toMatchObject({
      ...{ Test: ['CMD-SHELL', check[1]], Interval: 100_000_000, Retries: 2, Timeout: 20_000_000_000 },
    })
    done('stop', '-t', '0', 'health')
    expect(done('inspect', '-f', '{{.State.Health.Status}}', 'health')).toBe('unhealthy\n')
    done('rm', 'health')
  })

  test("the image's HEALTHCHECK, with its SHELL, and without it", { timeout: 120_000 }, async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const context = contextFor(actor(), 'checked', {
      Dockerfile: [
        'FROM longshore-base',
        'SHELL ["/bin/sh", "-ec"]',
        'HEALTHCHECK --interval=100ms --retries=1 CMD false; true',
        'CMD ["sleep", "1000"]',
      ].join('\n'),
    })
    done('build', '-q', '-t', 'checked', context)
    done('run', '-d', '--name', 'checked', ...local, 'checked')
    await happens('checked', 'health_status: unhealthy')
    done('run', '-d', '--name', 'unchecked', '--no-healthcheck', ...local, 'checked')
    expect(status('unchecked')).not.toContain('health')
    done('rm', '-f', 'checked', 'unchecked')
    const wrong = longshore(actor(), ['run', '--no-healthcheck', '--health-cmd', 'true', 'checked'])
    expect(wrong.stderr).toContain('--no-healthcheck contradicts the other --health flags')
    expect(longshore(actor(), ['run', '--health-interval', 'soon', 'checked']).stderr).toContain(
      'cannot read --health-interval "soon" as a duration',
    )
  })

  test('a look that hangs is ended with all it started', { timeout: 120_000 }, async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const check = ['--health-cmd', 'sleep 1234; true', '--health-interval', '50ms', '--health-timeout', '200ms']
    const flags = [...check, '--health-retries', '1']
    done('run', '-d', '--name', 'hangs', ...flags, ...local, 'longshore-base', 'sleep', '1000')
    await happens('hangs', 'health_status: unhealthy')
    expect(done('inspect', '-f', '{{json .State.Health.Log}}', 'hangs')).toContain('exceeded timeout (0.2s)')
    // One may be running now; those of before are gone.
    expect(done('top', 'hangs').match(/sleep 1234/g)?.length ?? 0).toBeLessThanOrEqual(2)
    done('rm', '-f', 'hangs')
  })

  test('events of a life, in order', { timeout: 120_000 }, ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const began = new Date().toISOString()
    done('create', '--name', 'lived', '-l', 'tier=front', ...local, 'longshore-base', 'sh', '-c', 'sleep 1000')
    done('start', 'lived')
    done('exec', 'lived', 'true')
    done('pause', 'lived')
    done('unpause', 'lived')
    done('restart', '-t', '0', 'lived')
    done('rename', 'lived', 'lived-on')
    done('stop', '-t', '0', 'lived-on')
    done('rm', 'lived-on')
    const past = (...flags: readonly string[]): string =>
      done('events', '--since', began, '--until', '0s', '--filter', 'container=lived', ...flags)
    const actions = past('--format', '{{.Action}}').trim().split('\n')
    expect(actions.filter((action) => action !== 'kill')).toEqual([
      ...['create', 'start', 'exec_create: true', 'exec_start: true', 'exec_die', 'pause', 'unpause'],
      ...['die', 'start', 'restart', 'rename', 'die', 'stop', 'destroy'],
    ])
    expect(past('--filter', 'event=die')).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\S+ container die [0-9a-f]{64} \(execDuration=\d+, exitCode=137, image=longshore-base, name=lived, tier=front\)$/m,
    )
    const [first] = past('--format', 'json').split('\n')
    expect(JSON.parse(first ?? '')).toMatchObject({ Type: 'container', Action: 'create', scope: 'local' })
    expect(past('--filter', 'label=tier=back')).toBe('')
    expect(done('events', '--since', began, '--until', '0s', '--filter', 'type=image')).toBe('')
  })

  test('stats', { timeout: 120_000 }, ({ skip }) => {
    if (reason !== undefined) skip(reason)
    done('run', '-d', '--name', 'counted', '-m', '64m', ...local, 'longshore-base', 'sh', '-c', 'while :; do :; done')
    done('create', '--name', 'still', ...local, 'longshore-base')
    const { stdout, stderr, status: code } = longshore(actor(), ['stats', '--no-stream', '-a'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS\n/)
    expect(stdout).toMatch(/ still +-- +-- \/ -- +-- +-- +-- +--$/m)
    const format = ['--format', '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}']
    const line = done('stats', '--no-stream', ...format, 'counted')
    // Where this user has no control groups, a note says so, and nothing is pretended.
    if (stderr.includes('not known here: memory')) expect(line).toMatch(/^counted \S+ -- \/ -- \d+\n$/)
    else expect(line).toMatch(/^counted \d+\.\d\d% [\d.]+(Ki|Mi)B \/ 64MiB \d+\n$/)
    if (!stderr.includes('processor time')) expect(Number.parseFloat(line.split(' ')[1] ?? '')).toBeGreaterThan(5)
    expect(longshore(actor(), ['stats', '--no-stream', 'nobody']).status).toBe(1)
    done('rm', '-f', 'counted', 'still')
  })
})
