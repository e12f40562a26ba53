import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** The client of Debian's docker.io. */
export const docker = '/usr/bin/docker'
const daemonPath = '/usr/sbin/dockerd'

/** A docker daemon of our own, all of whose files are in `home`. */
export interface Oracle {
  readonly home: string
  readonly daemon: ChildProcess
  readonly env: NodeJS.ProcessEnv
}

/** Starts it; needs root. Throws with its log when it does not come up. */
export async function startOracle(): Promise<Oracle> {
  const home = mkdtempSync(join(tmpdir(), 'longshore-oracle-'))
  const socket = `unix://${join(home, 'd.sock')}`
  const dirs = ['--data-root', join(home, 'data'), '--exec-root', join(home, 'exec'), '-p', join(home, 'pid')]
  const log = openSync(join(home, 'log'), 'w')
  const daemon = spawn(daemonPath, ['--iptables=false', '--bridge=none', '-H', socket, ...dirs], {
    stdio: ['ignore', log, log],
  })
  const env = { ...process.env, DOCKER_HOST: socket, DOCKER_BUILDKIT: '1' }
  const oracle = { home, daemon, env }
  for (let attempt = 0; attempt < 100; attempt++) {
    if (daemon.exitCode !== null) break
    if (spawnSync(docker, ['version'], { env }).status === 0) return oracle
    await delay(200)
  }
  const text = readFileSync(join(home, 'log'), 'utf8')
  await stopOracle(oracle)
  throw new Error(`dockerd did not start:\n${text}`)
}

/** Ends it and removes its files. */
export async function stopOracle({ home, daemon }: Oracle): Promise<void> {
  if (daemon.exitCode === null) {
    daemon.kill('SIGTERM')
    await once(daemon, 'exit')
  }
  // A daemon that crashed leaves its data directory mounted on itself.
  spawnSync('umount', [join(home, 'data')])
  rmSync(home, { recursive: true, force: true })
}
