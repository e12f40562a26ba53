import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { giveTo, longshore, startLongshore } from '../support/actor.ts'
import { containerUsers, local } from '../support/container-suite.ts'

const user = containerUsers()

/** docs/container-flags.md says which flag is tested here. */
describe.each(['root', 'user'] as const)('flags of run as %s', (name) => {
  const { reason, actor, done } = user(name)
  const shell = (flags: readonly string[], script: string): string =>
    done('run', '--rm', ...local, ...flags, 'longshore-base', 'sh', '-c', script)
  const file = (path: string, text: string): string => {
    const at = join(actor().home, path)
    mkdirSync(join(at, '..'), { recursive: true })
    writeFileSync(at, text)
    giveTo(actor(), at)
    return at
  }

  test('the process: environment, directory, user, entrypoint, groups, limits', ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const env = file('env', '# a comment\nB=file\nC=file\n')
    const flags = ['-e', 'A=1', '--env', 'C=flag', '--env-file', env, '-w', '/tmp', '--user', '1000:1000']
    expect(shell(flags, 'echo $A $B $C; pwd; id -u; id -g')).toBe('1 file flag\n/tmp\n1000\n1000\n')
    expect(shell(['--workdir', '/etc', '-u', '0'], 'pwd; id -u')).toBe('/etc\n0\n')
    expect(done('run', '--rm', ...local, '--entrypoint', 'echo', 'longshore-base', 'a', 'b')).toBe('a b\n')
    expect(shell(['--group-add', '1234', '--ulimit', 'nofile=77:88'], 'id -G; ulimit -Sn; ulimit -Hn')).toMatch(
      /\b1234\b.*\n77\n88\n$/,
    )
    const input = { input: 'through' }
    const cat = ['longshore-base', 'cat']
    expect(longshore(actor(), ['run', '--rm', ...local, '--interactive', ...cat], input).stdout).toBe('through')
    const streams = ['longshore-base', 'sh', '-c', 'echo out; echo err >&2']
    const onlyErr = longshore(actor(), ['run', '--rm', ...local, '-a', 'stderr', ...streams])
    expect([onlyErr.stdout, onlyErr.stderr]).toEqual(['', 'err\n'])
    const onlyOut = longshore(actor(), ['run', '--rm', ...local, '--attach', 'stdout', ...streams])
    expect([onlyOut.stdout, onlyOut.stderr]).toEqual(['out\n', ''])
  })

  test('signals are passed on, or not', { timeout: 60_000 }, async ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const script = 'trap "exit 9" TERM; echo up; while :; do sleep 0.05; done'
    const start = async (container: string, ...flags: readonly string[]): Promise<number | null> => {
      const words = ['run', '--name', container, ...local, ...flags, 'longshore-base', 'sh', '-c', script]
      const child = startLongshore(actor(), words)
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
      await new Promise((resolve) => child.stdout?.once('data', resolve))
      child.kill('SIGTERM')
      return ended
    }
    expect(await start('flags-told')).toBe(9)
    expect(await start('flags-untold', '--sig-proxy=false')).not.toBe(9)
    expect(done('ps', '--format', '{{.Names}}')).toBe('flags-untold\n')
    done('rm', '-f', 'flags-told', 'flags-untold')
  })

  test('files: volumes, mounts, memory, a root that cannot be written', ({ skip }) => {
    if (reason !== undefined) skip(reason)
    file('shared/a', 'shared\n')
    const source = join(actor().home, 'shared')
    const flags = ['-v', `${source}:/one:ro`, '--mount', `type=bind,source=${source},target=/two,readonly`]
    const more = ['--tmpfs', '/mem:size=1m,mode=700', '--read-only', '--shm-size', '8m', '--volume', 'flags-data:/data']
    const script = `cat /one/a /two/a; touch /one/b /two/b /b 2>/dev/null || echo read-only; echo kept >/data/x
      df -k /mem /dev/shm | awk '{ print $2 }'; stat -c %a /mem`
    expect(shell([...flags, ...more], script)).toBe('shared\nshared\nread-only\n1K-blocks\n1024\n8192\n700\n')
    done('create', '--name', 'flags-from', ...local, '-v', 'flags-data:/data', 'longshore-base')
    expect(shell(['--volumes-from', 'flags-from:ro'], 'cat /data/x; touch /data/y 2>/dev/null || echo ro')).toBe(
      'kept\nro\n',
    )
    done('rm', 'flags-from')
    done('volume', 'rm', 'flags-data')
  })

  test('names, labels, files about it, what is kept of it', ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const labels = file('labels', 'from=file\nboth=file\n')
    const cid = join(actor().home, 'cid')
    const flags = ['--name', 'flags-told', '--hostname', 'web1', '--domainname', 'example.com', '--label-file', labels]
    const more = ['-l', 'both=flag', '--label', 'own', '--cidfile', cid, '--pull', 'never', '--quiet']
    const ends = ['--stop-signal', 'USR1', '--stop-timeout', '3', '--restart', 'no', '--expose', '99/udp']
    const logs = ['--log-driver', 'json-file', '--log-opt', 'max-size=1m', '--log-opt', 'max-file=2']
    const words = ['longshore-base', 'sh', '-c', 'hostname; echo out']
    expect(done('run', ...local, ...flags, ...more, ...ends, ...logs, ...words)).toBe('web1\nout\n')
    const [told] = JSON.parse(done('inspect', readFileSync(cid, 'utf8')))
    expect(told).toMatchObject({
      Name: '/flags-told',
      Config: {
        ...{ Hostname: 'web1', Domainname: 'example.com', StopSignal: 'USR1', StopTimeout: 3 },
        ...{ Labels: { from: 'file', both: 'flag', own: '' }, ExposedPorts: { '99/udp': {} } },
      },
      HostConfig: {
        LogConfig: { Type: 'json-file', Config: { 'max-file': '2' } },
        RestartPolicy: { Name: 'no' },
      },
    })
    expect(longshore(actor(), ['run', '--cidfile', cid, 'longshore-base']).stderr).toContain('of --cidfile exists')
    done('rm', 'flags-told')
    expect(longshore(actor(), ['run', '--platform', 'linux/s390x', '--pull', 'never', 'longshore-base']).status).toBe(
      125,
    )
    expect(longshore(actor(), ['run', '--runtime', 'kata', 'longshore-base']).stderr).toContain('--runtime')
    expect(shell(['--isolation', 'builtin'], 'echo built-in')).toBe('built-in\n')
    expect(shell(['--runtime', 'runc'], 'echo runc')).toBe('runc\n')
  })

  test('what it may do', ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const caps = (flags: readonly string[]): bigint =>
      BigInt(`0x${shell(flags, 'grep CapEff /proc/self/status').split('\t')[1]?.trim()}`)
    const [usual, none, one] = [
      caps([]),
      caps(['--cap-drop', 'ALL']),
      caps(['--cap-drop', 'ALL', '--cap-add', 'net_admin']),
    ]
    expect([none, one]).toEqual([0n, 1n << 12n])
    const privileged = caps(['--privileged'])
    expect(privileged & usual).toBe(usual)
    expect(privileged).toBeGreaterThan(usual)
    expect(shell(['--security-opt', 'no-new-privileges'], 'grep NoNewPrivs /proc/self/status')).toContain('1')
    expect(shell(['--security-opt', 'seccomp=unconfined'], 'grep Seccomp: /proc/self/status')).toContain('0')
    expect(shell(['--userns', 'host'], 'id -u')).toBe('0\n')
    expect(shell(['--device', '/dev/zero:/dev/nought'], 'head -c 3 /dev/nought | wc -c')).toBe('3\n')
    const refused = longshore(actor(), ['run', '--userns', 'keep-id', 'longshore-base'])
    expect(refused.stderr).toContain('[not-supported]')
  })

  const isolations = ['crun', 'runc', 'builtin'] as const
  test.for(isolations)('an init, and namespaces of others, by %s', { timeout: 120_000 }, (isolation, { skip }) => {
    if (reason !== undefined) skip(reason)
    const own = ['--isolation', isolation]
    const orphans =
      'sh -c "sleep 0.01 & :"; sleep 0.3; cat /proc/1/cmdline | tr "\\0" " "; ls -d /proc/[0-9]* | wc -l; exit 4'
    const first = longshore(actor(), ['run', '--rm', ...local, ...own, '--init', 'longshore-base', 'sh', '-c', orphans])
    // init, sh, ls and wc: nothing is left of the orphan.
    expect(first.stdout).toMatch(/^\/dev\/\.init .* \d\n$/s)
    expect(first.stdout).toMatch(/ [34]\n$/)
    expect(first.status).toBe(4)
    done(
      'run',
      '-d',
      '--name',
      'flags-donor',
      ...local,
      ...own,
      '--ipc',
      'shareable',
      '--init',
      'longshore-base',
      'sh',
      '-c',
      'echo donated >/dev/shm/gift; exec sleep 1000',
    )
    const joined = ['--pid', 'container:flags-donor', '--ipc', 'container:flags-donor', ...own]
    expect(shell(joined, 'cat /dev/shm/gift; tr "\\0" " " </proc/1/cmdline')).toMatch(
      /^donated\n\/dev\/\.init .*sleep 1000/,
    )
    expect(Number(shell([...own, '--pid', 'host'], 'ls -d /proc/[0-9]* | wc -l'))).toBeGreaterThan(5)
    expect(shell([...own, '--ipc', 'host'], 'ls -d /dev/shm')).toBe('/dev/shm\n')
    const setting = ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=99']
    const shown = 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
    expect(shell([...own, ...setting], shown)).toBe('99\n')
    const shared = ['run', '--rm', '--network', 'host', ...own, ...setting, 'longshore-base', 'sh', '-c', shown]
    expect(longshore(actor(), shared)).toMatchObject({ status: 125, stdout: '' })
    const bad = ['run', '--rm', ...local, ...own, '--sysctl', 'net.ipv4.no_such_thing=1', 'longshore-base', 'true']
    expect(longshore(actor(), bad).status).toBe(125)
    const net = done(
      'run',
      '--rm',
      '--network',
      'container:flags-donor',
      ...own,
      'longshore-base',
      'ls',
      '/sys/class/net',
    )
    expect(net).toBe('lo\n')
    done('rm', '-f', 'flags-donor')
    done('run', '-d', '--name', 'flags-shy', ...local, ...own, 'longshore-base', 'sleep', '1000')
    const refused = longshore(actor(), ['run', '--rm', ...local, '--ipc', 'container:flags-shy', 'longshore-base'])
    expect(refused.stderr).toContain('does not share its ipc namespace')
    // Both are in one mount namespace: exec sees what the container mounts, and no more.
    const namespaces = 'ls -l /proc/self/ns/mnt /proc/1/ns/mnt | sed "s/.*-> //" | uniq | wc -l'
    expect(done('exec', 'flags-shy', 'sh', '-c', namespaces)).toBe('1\n')
    done('rm', '-f', 'flags-shy')
  })

  test('what it leaves in a process namespace of others is ended with it', { timeout: 120_000 }, ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const mark = `left-over-${name}-${process.pid}`
    shell(['--pid', 'host'], `sh -c "sleep 1000; : ${mark}" >/dev/null 2>&1 & sleep 0.1`)
    expect(
      shell(
        ['--pid', 'host'],
        `cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -c "sleep 1000; : ${mark.slice(0, 9)}[-]" || :`,
      ),
    ).toBe('0\n')
  })

  test('networks', { timeout: 120_000 }, ({ skip }) => {
    if (reason !== undefined) skip(reason)
    const names = [
      '--add-host',
      'db:10.0.0.9',
      '--dns',
      '10.0.0.53',
      '--dns-search',
      'corp.example',
      '--dns-option',
      'ndots:3',
    ]
    const look = ['longshore-base', 'sh', '-c', 'grep db /etc/hosts; cat /etc/resolv.conf']
    for (const mode of ['host', 'bridge']) {
      const seen = done('run', '--rm', '--network', mode, ...names, ...look)
      expect(seen).toMatch(/^10\.0\.0\.9\s+db\n/)
      for (const line of ['nameserver 10.0.0.53', 'search corp.example', 'options ndots:3'])
        expect(seen).toContain(line)
    }
    done(
      'run',
      '-d',
      '--name',
      'flags-ports',
      '-P',
      '--expose',
      '81',
      '--publish',
      '127.0.0.1::82',
      'longshore-base',
      'sleep',
      '1000',
    )
    expect(done('port', 'flags-ports', '81')).toMatch(/:\d+\n/)
    expect(done('port', 'flags-ports', '82')).toMatch(/^127\.0\.0\.1:\d+\n$/)
    done('rm', '-f', 'flags-ports')
    done('run', '--rm', '--net', 'host', '--publish-all', 'longshore-base', 'true')
    done('network', 'create', '--subnet', '10.97.3.0/24', 'flags-net')
    const inNet = ['--network', 'flags-net', '--ip', '10.97.3.77', '--network-alias', 'alias']
    done('run', '-d', '--name', 'flags-named', ...inNet, 'longshore-base', 'sleep', '1000')
    const hosts = done('run', '--rm', '--network', 'flags-net', 'longshore-base', 'cat', '/etc/hosts')
    expect(hosts).toMatch(/^10\.97\.3\.77\s.*\bflags-named\b.*\balias\b/m)
    done('rm', '-f', 'flags-named')
    done('network', 'rm', 'flags-net')
  })
})
