/**
 * Measures what a container costs beside Debian's docker.io and podman: the memory of what looks after an idle one, and how long it
 * takes to start one, to run one to its end, and to run a command in one. All take turns. Needs root and the Debian packages docker.io,
 * podman, runc and busybox-static. Usage: node bench/containers.ts [rounds] [containers]
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { docker, startOracle, stopOracle } from '../test/conformance/docker-daemon.ts'
import { baseImage, prepareBase } from './scenarios.ts'

const rounds = Number(process.argv[2] ?? 9)
const idle = Number(process.argv[3] ?? 8)
const home = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
const launcher = resolve(import.meta.dirname, '../bin/longshore')
const { NODE_EXTRA_CA_CERTS: _, ...ownEnv } = process.env

interface Engine {
  readonly name: string
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Flags that it needs on this machine. */
  readonly runFlags?: readonly string[]
  /** Flags of `rm -f` that let it end a process at once, as the others do. */
  readonly removeFlags?: readonly string[]
  /** Processes that all containers share. */
  shared(): readonly number[]
}

function run(
  { command, env, runFlags = [], removeFlags = [] }: Engine,
  verb: string,
  ...args: readonly string[]
): string {
  const [program = '', ...words] = [
    ...command,
    verb,
    ...(verb === 'run' ? runFlags : verb === 'rm' ? removeFlags : []),
    ...args,
  ]
  const { status, stdout, stderr } = spawnSync(program, words, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${verb} ${args.join(' ')}\n${stdout}${stderr}`)
  return stdout.trim()
}

function timed(engine: Engine, verb: string, ...args: readonly string[]): number {
  const start = process.hrtime.bigint()
  run(engine, verb, ...args)
  return Number(process.hrtime.bigint() - start) / 1e6
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

interface Process {
  readonly pid: number
  readonly command: string
}

function processes(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [{ pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }]
      } catch {
        return []
      }
    })
}

/** Resident and proportional memory of processes, in MB. */
function memory(pids: readonly number[]): { readonly rss: number; readonly pss: number } {
  const sum = (field: string): number =>
    pids.reduce((total, pid) => {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
      return total + Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
    }, 0) / 1024
  return { rss: sum('Rss'), pss: sum('Pss') }
}

const cells = (values: readonly string[]): string => values.map((value) => value.padStart(18)).join('')

/** Idle containers, and what is there for each beside its own process. */
function reportMemory(engines: readonly Engine[]): void {
  const shown = engines.map((engine) => {
    const ids = Array.from({ length: idle }, () =>
      run(engine, 'run', '-d', '--network', 'none', baseImage, 'sleep', '9999'),
    )
    const all = processes()
    const kept = all.filter(
      ({ command }) => !command.startsWith('sleep') && ids.some((id) => command.includes(id.slice(0, 12))),
    )
    const { rss, pss } = memory(kept.map(({ pid }) => pid))
    const shared = memory(engine.shared())
    run(engine, 'rm', '-f', ...ids)
    return `${(pss / idle).toFixed(1)}/${(rss / idle).toFixed(1)}/${shared.rss.toFixed(0)}`
  })
  console.log(`${'MB each: own/rss/shared'.padEnd(28)}${cells(shown)}`)
}

function reportTimes(what: string, engines: readonly Engine[], once: (engine: Engine, round: number) => number): void {
  const times = new Map<string, number[]>(engines.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < engines.length; turn++) {
      const engine = engines[(round + turn) % engines.length]
      if (engine === undefined) continue
      const time = once(engine, round)
      // The first fills the page cache.
      if (round > 0) times.get(engine.name)?.push(time)
    }
  }
  const medians = engines.map(({ name }) => median(times.get(name) ?? []))
  const own = medians[0] ?? Number.NaN
  const shown = medians.map((value) => `${value.toFixed(0)} ms (${(value / own).toFixed(2)} x)`)
  console.log(`${what.padEnd(28)}${cells(shown)}`)
}

const oracle = await startOracle()
try {
  const longshore = {
    name: 'longshore',
    command: [launcher],
    env: { ...ownEnv, LONGSHORE_ROOT: join(home, 'store') },
    shared: () => [],
  }
  const { NODE_EXTRA_CA_CERTS: __, ...dockerEnv } = oracle.env
  const daemon = oracle.daemon.pid ?? 0
  const dockerio: Engine = {
    ...{ name: 'docker.io', command: [docker], env: dockerEnv },
    shared: () => [daemon, ...childrenOf(daemon)],
  }
  const places = ['--root', join(home, 'podman'), '--runroot', join(home, 'podman-run'), '--storage-driver', 'overlay']
  const ways = ['--cgroup-manager', 'cgroupfs', '--runtime', 'runc', '--events-backend', 'file']
  const podman: Engine = {
    ...{ name: 'podman', command: ['podman', ...places, ...ways], env: ownEnv, shared: () => [] },
    removeFlags: ['-t', '0'],
    // What it asks for itself may be more than root has here.
    runFlags: ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'],
  }
  mkdirSync(join(home, 'base'))
  prepareBase(join(home, 'base'))
  run(longshore, 'build', '-q', '-t', baseImage, join(home, 'base'))
  run(longshore, 'save', '-q', '-o', join(home, 'base.tar'), baseImage)
  run(dockerio, 'load', '-q', '-i', join(home, 'base.tar'))
  run(podman, 'load', '-q', '-i', join(home, 'base.tar'))
  const engines = [longshore, dockerio, podman]
  console.log(`${''.padEnd(28)}${cells(engines.map(({ name }) => name))}`)
  reportMemory(engines)
  const quiet = ['--network', 'none', baseImage]
  reportTimes('run -d', engines, (engine, round) =>
    timed(engine, 'run', '-d', '--name', `bench-${round}`, ...quiet, 'sleep', '9999'),
  )
  reportTimes('exec true', engines, (engine) => timed(engine, 'exec', 'bench-1', '/bin/true'))
  reportTimes('rm -f', engines, (engine, round) => timed(engine, 'rm', '-f', `bench-${round}`))
  reportTimes('run --rm true', engines, (engine) => timed(engine, 'run', '--rm', ...quiet, '/bin/true'))
} finally {
  await stopOracle(oracle)
  rmSync(home, { recursive: true, force: true })
}

/** The daemon's own containerd. */
function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number)
}
