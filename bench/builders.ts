/** The builders that `bench/compare.ts` measures, each with a store of its own below one directory. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { docker, startOracle, stopOracle } from '../test/conformance/docker-daemon.ts'

export interface Measured {
  readonly timeMs: number
  /** Peak resident memory of the largest process of the command; for docker, of the daemon so far. */
  readonly peakKb: number
}

export interface Builder {
  readonly name: string
  /** Builds the Dockerfile of `directory`; throws with the output when that fails. */
  build(directory: string, image: string, parallel?: number): Measured
  close(): Promise<void>
}

const { NODE_EXTRA_CA_CERTS: _, ...ownEnv } = process.env

/** Runs a command to its end under GNU time. */
export function measure(command: readonly string[], env: NodeJS.ProcessEnv): Measured {
  const start = process.hrtime.bigint()
  const { status, stdout, stderr } = spawnSync('/usr/bin/time', ['-f', '%M', ...command], { env, encoding: 'utf8' })
  const timeMs = Number(process.hrtime.bigint() - start) / 1e6
  if (status !== 0) throw new Error(`${command.join(' ')}\n${stdout}${stderr}`)
  return { timeMs, peakKb: Number(stderr.trim().split('\n').at(-1)) }
}

/** The checkout's own command. */
export function longshore(home: string): Builder {
  const launcher = resolve(import.meta.dirname, '../bin/longshore')
  const env = { ...ownEnv, LONGSHORE_ROOT: join(home, 'longshore') }
  return {
    name: 'longshore',
    build: (directory, image, parallel) =>
      measure([launcher, 'build', '-q', ...jobs(parallel), '-t', image, directory], env),
    close: async () => undefined,
  }
}

/** Debian's buildah on overlayfs, with layers kept as docker keeps them. */
export function buildah(home: string): Builder {
  const store = ['--root', join(home, 'buildah'), '--runroot', join(home, 'buildah-run'), '--storage-driver', 'overlay']
  const env = { ...ownEnv, BUILDAH_RUNTIME: 'runc' }
  mkdirSync(join(home, 'buildah'))
  const flags = ['bud', '--layers', '--pull-never', '--network', 'host', '-q']
  return {
    name: 'buildah',
    build: (directory, image, parallel) =>
      measure(['/usr/bin/buildah', ...store, ...flags, ...jobs(parallel), '-t', image, directory], env),
    close: async () => undefined,
  }
}

/** Debian's docker with BuildKit, on a daemon of its own. Needs root. */
export async function buildkit(): Promise<Builder> {
  const oracle = await startOracle()
  const { NODE_EXTRA_CA_CERTS: __, ...env } = oracle.env
  const { pid } = oracle.daemon
  return {
    name: 'buildkit',
    build(directory, image) {
      const { timeMs } = measure([docker, 'build', '-q', '--network', 'host', '-t', image, directory], env)
      return { timeMs, peakKb: peakOf(pid) }
    },
    close: () => stopOracle(oracle),
  }
}

function jobs(parallel: number | undefined): readonly string[] {
  return parallel === undefined ? [] : ['--jobs', String(parallel)]
}

function peakOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0)
}
