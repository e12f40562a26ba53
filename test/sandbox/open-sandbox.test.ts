import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Isolation } from '../../src/ports/index.ts'
import { climbProgram } from './climb-program.ts'
import { type Mode, obstacle, runJob } from './in-namespace.ts'
import type { JobResult, RunResult, RunSpec } from './sandbox-child.ts'

const defaultCapabilities = '00000000a80425fb'

const cases = (['root', 'user'] as const).flatMap((mode) =>
  (['crun', 'runc', 'builtin'] as const).map((isolation) => [isolation, mode] as const),
)

const sh = (script: string, more: Partial<RunSpec> = {}): RunSpec => ({ args: ['sh', '-c', script], ...more })

describe.each(cases)('%s as %s', (isolation: Isolation, mode: Mode) => {
  const reason = obstacle(mode, isolation)

  // The runs of all these tests are one job: a process for each test would take most of the time.
  const runs: RunSpec[] = []
  const parallel = Array.from({ length: 8 }, (_, index) => sh(`echo ${index}; sleep 0.2; echo ${index}`))
  let job: JobResult | undefined
  const server = createServer((socket) => socket.end('hello from the host'))
  beforeAll(async () => {
    if (reason !== undefined) return
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = String(typeof address === 'object' && address !== null ? address.port : 0)
    const toServer = (spec: RunSpec): RunSpec => ({
      ...spec,
      args: spec.args.map((word) => word.replace('PORT', port)),
    })
    job = await runJob(mode, { isolation, runs: runs.map(toServer), parallel })
  })
  afterAll(() => server.close())

  function check(name: string, specs: readonly RunSpec[], verify: (...results: RunResult[]) => void): void {
    const from = runs.push(...specs) - specs.length
    test(name, ({ skip }) => {
      if (reason !== undefined) skip(reason)
      expect(job).toMatchObject({ isolation, mountsLeft: [], stateLeft: [] })
      expect(job?.error).toBeUndefined()
      verify(...(job?.results ?? []).slice(from, from + specs.length))
    })
  }
  check(
    'passes output, streams apart, and exit codes',
    [
      sh('echo out; echo err >&2'),
      sh('exit 7'),
      sh('kill -9 $$'),
      sh('seq 1 100000'),
      sh('echo a >/dev/stdout; echo b >/dev/stderr', { user: 'app' }),
    ],
    (hello, seven, killed, long, device) => {
      expect(hello).toMatchObject({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' })
      expect(seven?.exitCode).toBe(7)
      // A process numbered 1 does not obey its own SIGKILL.
      expect(killed?.exitCode).toBe(0)
      expect(long?.stdout.length).toBe(588895)
      expect(device).toMatchObject({ exitCode: 0, stdout: 'a\n', stderr: 'b\n' })
    },
  )

  check(
    'joins a network that was prepared',
    [sh('ls /sys/class/net; ip -o link show dev lo | grep -c UP', { network: 'prepared' })],
    (run) => {
      expect(run?.error).toBeUndefined()
      expect(run).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringMatching(/\bbridge7\nlo\n1\n$/) })
    },
  )

  check(
    'gives exactly the asked environment, and HOME',
    [
      { args: ['env'], env: ['PATH=/bin', 'A=b c', 'X.Y=1', 'broken', 'A=last', 'LD_PRELOAD=/nope.so', 'E='] },
      { args: ['env'], env: ['PATH=/bin', 'HOME=/elsewhere'], user: 'app' },
      { args: ['env'], env: ['PATH=/bin'], user: '4321' },
    ],
    (env, home, unknown) => {
      expect(env).toMatchObject({ stderr: '' })
      expect(env?.stdout.trim().split('\n').sort()).toEqual([
        'A=last',
        'E=',
        'HOME=/root',
        'LD_PRELOAD=/nope.so',
        'PATH=/bin',
        'X.Y=1',
      ])
      expect(home?.stdout.trim().split('\n').sort()).toEqual(['HOME=/elsewhere', 'PATH=/bin'])
      expect(unknown?.stdout).toContain('HOME=/\n')
    },
  )

  check(
    'becomes the user, with the groups of the image',
    [
      sh('id -u; id -g; id -G; echo $HOME', { user: 'app' }),
      sh('id -u; id -g; id -G', { user: '1000:2000' }),
      sh('id -G', { user: '77' }),
      sh('', { user: 'nobody' }),
    ],
    (app, pair, number, missing) => {
      expect(app?.stdout).toBe('1000\n1000\n1000 2000\n/home/app\n')
      expect(pair?.stdout).toBe('1000\n2000\n2000\n')
      expect(number?.stdout).toBe('0\n')
      expect(missing?.error).toMatchObject({ code: 'user-not-found', message: expect.stringContaining('"nobody"') })
    },
  )

  check(
    'makes the working directory, inside the root',
    [
      sh('pwd; stat -c %u:%g:%a .', { cwd: '/a/b', user: 'app' }),
      sh('pwd', { cwd: '/link/x', image: 'ln -s ../../../../../../tmp link' }),
      sh('', { cwd: '/proc/self/fd/7' }),
      sh('', { cwd: '/p/self', image: 'ln -s /proc p' }),
      sh('', { cwd: '/etc/passwd' }),
    ],
    (made, link, proc, linkToProc, file) => {
      expect(made).toMatchObject({ stdout: '/a/b\n1000:1000:755\n' })
      expect(made?.upper).toEqual(expect.arrayContaining(['a directory 755 1000:1000', 'a/b directory 755 1000:1000']))
      expect(link?.stdout).toBe('/tmp/x\n')
      for (const result of [proc, linkToProc])
        expect(result?.error).toMatchObject({ code: 'run-failed', message: expect.stringContaining('/proc') })
      expect(file?.error).toMatchObject({
        code: 'run-failed',
        message: expect.stringContaining('"/etc/passwd" is a file'),
      })
    },
  )

  check(
    'says alike what cannot be executed',
    [
      { args: ['nope'] },
      { args: ['/bin/nope'] },
      { args: ['/etc/passwd'] },
      { args: ['/tmp'] },
      { args: ['script'], image: "printf '#!/opt/missing\\n' >bin/script; chmod +x bin/script" },
      {
        args: ['other'],
        image:
          "printf '\\177ELF\\2\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0\\363\\0\\1\\0\\0\\0' >bin/other; head -c 500 /dev/zero >>bin/other; chmod +x bin/other",
      },
      { args: ['text'], image: 'echo true >bin/text; chmod +x bin/text' },
      { args: ['./run'], cwd: '/tmp', image: "printf '#!/bin/sh\\necho ran $0\\n' >tmp/run; chmod +x tmp/run" },
      {
        args: ['run'],
        env: ['PATH=/nowhere:/tmp'],
        image: "printf '#!/bin/sh\\necho ran $0\\n' >tmp/run; chmod +x tmp/run",
      },
      { args: ['sh', '-c', 'exit 127'] },
    ],
    (...results) => {
      expect(results.map(({ exitCode }) => exitCode)).toEqual([127, 127, 126, 126, 127, 126, 126, 0, 0, 127])
      const last = results.map(({ stderr }) => stderr.trim().split('\n').at(-1))
      expect(last.slice(0, 7)).toEqual([
        'exec: "nope": executable file not found in $PATH',
        'exec: "/bin/nope": no such file or directory',
        'exec: "/etc/passwd": permission denied',
        'exec: "/tmp": is a directory',
        'exec: "script": no such file or directory: its interpreter "/opt/missing" is not in the image',
        'exec: "other": exec format error: it is a program for riscv64',
        'exec: "text": exec format error: it has neither a #! line nor the format of a program',
      ])
      // crun makes the path absolute.
      expect(results[7]?.stdout).toMatch(/^ran (\/tmp\/)?\.\/run\n$/)
      expect(results[8]?.stdout).toBe('ran /tmp/run\n')
      expect(results[9]?.stderr).toBe('')
    },
  )

  check(
    'leaves nothing of its own in the root',
    [
      sh('cat /etc/hosts /etc/hostname /etc/resolv.conf /run/deep/file; ls /cache', {
        mounts: [
          { kind: 'bind', source: 'BASE/source', target: '/run/deep/file', readonly: true },
          { kind: 'tmpfs', target: '/cache' },
        ],
        image: 'echo secret >$BASE/source',
      }),
      sh('cat /etc/resolv.conf >/dev/null', { image: 'ln -s ../run/systemd/resolve/stub.conf etc/resolv.conf' }),
      sh('echo mine >/etc/mine'),
    ],
    (plain, link, changed) => {
      const lasting = ['dev directory 755 0:0', 'proc directory 755 0:0', 'sys directory 755 0:0']
      expect(plain).toMatchObject({ exitCode: 0, upper: lasting, touched: [] })
      expect(link).toMatchObject({ exitCode: 0, upper: lasting, touched: [] })
      expect(changed).toMatchObject({ upper: [...lasting, 'etc/mine file 644 0:0'].sort(), touched: ['etc'] })
    },
  )

  check(
    'mounts what is asked for, resolved inside the root',
    [
      sh('cat /data/f; echo x >/data/f; cat /data/f', {
        mounts: [{ kind: 'bind', source: 'BASE/dir', target: '/data', readonly: false }],
        image: 'mkdir -p $BASE/dir; echo 1 >$BASE/dir/f',
      }),
      sh('echo x >/data/f; cat /data/f', {
        mounts: [{ kind: 'bind', source: 'BASE/dir', target: '/data', readonly: true }],
      }),
      sh('cat /tmp/in/f', {
        mounts: [{ kind: 'bind', source: 'BASE/dir', target: '/escape/in', readonly: true }],
        image: 'ln -s /../../tmp escape',
      }),
      sh('stat -c %a /t; echo x >/t/f; grep " /t " /proc/mounts', {
        mounts: [{ kind: 'tmpfs', target: '/t', sizeBytes: 65536, mode: 0o711 }],
      }),
      sh('grep " /dev/shm " /proc/mounts | tail -1', {
        mounts: [{ kind: 'tmpfs', target: '/dev/shm', sizeBytes: 131072 }],
      }),
      sh('', { mounts: [{ kind: 'tmpfs', target: '/proc/x' }] }),
      sh('', { mounts: [{ kind: 'bind', source: '/no/where', target: '/x', readonly: true }] }),
      {
        args: ['tool'],
        env: ['PATH=/tools'],
        mounts: [{ kind: 'bind', source: 'BASE/tools', target: '/tools', readonly: true }],
        image: "mkdir $BASE/tools; printf '#!/bin/sh\\necho tool\\n' >$BASE/tools/tool; chmod +x $BASE/tools/tool",
      },
    ],
    (rw, ro, link, tmpfs, shm, proc, missing, tool) => {
      expect(rw?.stdout).toBe('1\nx\n')
      expect(ro).toMatchObject({ stdout: 'x\n', stderr: expect.stringContaining('Read-only') })
      expect(link).toMatchObject({ stdout: 'x\n', exitCode: 0 })
      expect(tmpfs?.stdout).toMatch(/^711\n.*size=64k/)
      expect(shm?.stdout).toMatch(/size=128k/)
      expect(proc?.error?.code).toBe('not-supported')
      expect(missing?.error).toMatchObject({ code: 'run-failed', message: expect.stringContaining('/no/where') })
      expect(tool?.stdout).toBe('tool\n')
    },
  )

  check(
    'isolates: capabilities, hidden paths, devices, names, processes',
    [
      sh('grep ^Cap /proc/self/status'),
      sh('grep ^Cap /proc/self/status', { user: 'app' }),
      sh('cat /proc/keys /proc/timer_list | head -c 100; ls /sys/firmware; echo 1 >/proc/sys/kernel/hostname'),
      sh(
        'echo x >/dev/null; head -c 4 /dev/zero | wc -c 2>/dev/null || true; ls /dev; ls -l /dev/fd | grep -c " [0-9]* -> "; test -w /dev/tty; stat -c %a /dev/null /dev/shm',
      ),
      sh('hostname; cat /etc/hostname; cat /etc/hosts; ls /proc | grep -c "^[0-9]"; echo $$'),
      sh(
        'touch /sys/x; mount -t tmpfs x /tmp; umount /proc; umount -l /; unshare -m true; mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg >/dev/null',
      ),
    ],
    (root, app, hidden, devices, names, denied) => {
      const zero = '0000000000000000'
      const caps = (inherited: string, permitted: string): string =>
        `CapInh:\t${inherited}\nCapPrm:\t${permitted}\nCapEff:\t${permitted}\nCapBnd:\t${defaultCapabilities}\nCapAmb:\t${inherited}\n`
      expect(root?.stdout).toBe(caps(zero, defaultCapabilities))
      expect(app?.stdout).toBe(caps(zero, zero))
      expect(hidden?.stdout).toBe('')
      expect(hidden?.stderr).toMatch(/kernel\/hostname: Read-only/)
      expect(devices?.stdout).toMatch(
        /full\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n/,
      )
      expect(devices?.stdout).toMatch(/666\n1777\n$/)
      expect(names?.stdout).toMatch(/^box\nbox\n127\.0\.0\.1\tlocalhost\n[\s\S]*\n1?[0-9]\n1\n$/)
      for (const words of [/sys\/x/, /mount: .*(denied|permitted)/, /unshare/]) expect(denied?.stderr).toMatch(words)
      expect(denied?.stderr.match(/umount: /g)?.length).toBe(2)
    },
  )

  check(
    'has no network but loopback without one',
    [sh('ip -o addr; grep -v lo: /proc/net/dev; ls /sys/class/net; cat /etc/resolv.conf', { network: 'none' })],
    (none) => {
      expect(none?.stdout).toMatch(/inet 127\.0\.0\.1\/8/)
      expect(none?.stdout).not.toMatch(/eth|nameserver/)
      expect(none?.stdout).toMatch(/^lo$/m)
    },
  )

  check(
    'is no chroot to climb out of',
    [
      sh(`mkdir -p /tmp/jail; chroot /tmp/jail /x 2>/dev/null; cd /; i=0; while [ $i -lt 30 ]; do cd ..; i=$((i+1)); done; ls -d bin image upper usr 2>/dev/null; pwd
        ls /proc/1/root/; ls -d /proc/1/root/../../../usr /proc/1/cwd/../../usr 2>&1; ls /proc/*/root/ | grep -c vmlinuz; grep -c . /proc/self/mountinfo; grep -E "upper|image" /proc/self/mountinfo | grep -v " / / " | grep -c overlay`),
    ],
    (shell) => {
      expect(shell?.stdout).toMatch(/^bin\n\/\n/)
      expect(shell?.stdout).not.toMatch(/upper|\bimage\b|^usr$/m)
      expect(shell?.stdout).toMatch(/No such file[\s\S]*\n0\n\d+\n0\n$/)
    },
  )

  // The program is machine code.
  if (process.arch === 'x64') {
    check(
      'is no chroot to climb out of with CAP_SYS_CHROOT',
      [
        {
          args: ['/bin/climb', '/bin/busybox', 'sh', '-c', 'echo climbed; ls -d /bin/busybox /usr/bin /var'],
          image: `echo ${climbProgram} | base64 -d >bin/climb; chmod +x bin/climb; mkdir tmp/jail`,
        },
      ],
      (climber) => expect(climber?.stdout).toBe('climbed\n/bin/busybox\n'),
    )
  }

  check(
    'ends at once when aborted, wherever it is',
    [
      sh('trap "" TERM INT; sleep 1000 & (trap "" TERM; sleep 1000) & echo up; wait', { abortOn: 'up' }),
      sh('echo up; exec sleep 1000', { abortOn: 'up', user: 'app' }),
      sh('sleep 1000', { abortAtOnce: true }),
    ],
    (...results) => {
      for (const result of results) {
        expect(result.error).toBeUndefined()
        expect(result.exitCode).toBe(137)
        expect(result.ms).toBeLessThan(20_000)
      }
    },
  )

  check(
    'passes signals to the first process',
    [
      sh('trap "echo got; exit 5" TERM; echo up; while :; do sleep 0.05; done', {
        killOn: { text: 'up', signal: 'SIGTERM' },
      }),
      sh('echo up; exec sleep 1000', { killOn: { text: 'up', signal: 'SIGKILL' }, user: 'app' }),
    ],
    (trapped, killed) => {
      expect(trapped).toMatchObject({ exitCode: 5, stdout: 'up\ngot\n' })
      expect(killed?.exitCode).toBe(137)
    },
  )

  if (mode === 'root') {
    check('holds no mounts of other containers', [sh('echo up; sleep 0.5', { releaseOn: 'up' })], (result) => {
      expect(result).toMatchObject({ exitCode: 0, released: true })
    })
  }

  // The builtin isolation has no seccomp filter.
  if (isolation !== 'builtin') {
    check(
      'filters system calls',
      [sh('unshare -U true; echo $?; grep Seccomp: /proc/self/status', { user: 'app' })],
      (result) => {
        expect(result).toMatchObject({ stdout: '1\nSeccomp:\t2\n', stderr: expect.stringContaining('not permitted') })
      },
    )
  }

  check('runs several at a time', [], () => {
    expect(job?.parallelResults.map(({ exitCode, stdout, error }) => [exitCode, stdout, error])).toEqual(
      parallel.map((_, index) => [0, `${index}\n${index}\n`, undefined]),
    )
  })

  const fetchIt = 'nc -w 3 127.0.0.1 PORT </dev/null'
  check(
    'reaches servers of the host on its network, and not without',
    [sh(fetchIt), sh(fetchIt, { network: 'none' })],
    (host, none) => {
      expect(host?.stdout).toBe('hello from the host')
      expect(none?.exitCode).not.toBe(0)
    },
  )
})
