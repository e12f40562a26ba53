/**
 * Measures a cache in a registry: build and export, wipe the store, import and build after a one-line edit, beside docker.io with
 * its inline cache (Debian's has no other). Prints times, how many steps ran, and how much of Longshore's time was cache work
 * alone: time in which results were fetched or sent and no step ran. Then a cache mount of 300 MB, of which one package in 300 changes:
 * how much of it is sent again. Needs root and the Debian packages docker.io,
 * docker-registry and busybox-static. Usage: node bench/remote-cache.ts [rounds] [MB of the layers].
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { BuildEvent } from '../src/build/index.ts'
import { docker, startOracle, stopOracle } from '../test/conformance/docker-daemon.ts'
import { checkout } from '../test/support/actor.ts'
import { startRegistry } from '../test/support/registry.ts'

const rounds = Number(process.argv[2] ?? 3)
const megabytes = Number(process.argv[3] ?? 60)
const packages = 8
const home = mkdtempSync(join(tmpdir(), 'longshore-bench-'))
const context = join(home, 'context')

/** Packages that take a while to install, then a source file that is compiled. */
function makeContext(): void {
  const each = Math.ceil((megabytes * 1024 * 1024) / packages)
  const install = (name: number): string =>
    `RUN mkdir -p /lib/p${name} && head -c ${each} /dev/urandom > /lib/p${name}/data && sha256sum /lib/p${name}/data && sleep 1`
  mkdirSync(context)
  cpSync('/bin/busybox', join(context, 'busybox'))
  const lines = [
    'FROM scratch AS build',
    'COPY busybox /bin/busybox',
    'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
    ...Array.from({ length: packages }, (_, index) => install(index)),
    'COPY main.txt /src/',
    'RUN sha256sum /src/main.txt /lib/*/data > /out && sleep 3',
  ]
  writeFileSync(join(context, 'Dockerfile'), lines.join('\n'))
}

function edit(line: string): void {
  writeFileSync(join(context, 'main.txt'), `${line}\n`)
}

interface Run {
  readonly ms: number
  readonly output: string
}

/** Not synchronous: this process reads the log of the registry meanwhile. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const startMs = performance.now()
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [[status], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return { ms: performance.now() - startMs, output: stdout + stderr }
}

function longshore(...flags: readonly string[]): Promise<Run> {
  const args = ['--root', join(home, 'store'), 'build', '--progress', 'rawjson', ...flags, context]
  return run(join(checkout, 'bin/longshore'), args, process.env)
}

type Span = readonly [startMs: number, endMs: number]

/** Milliseconds in which one of `spans` was under way, and none of `others`. */
function alone(spans: readonly Span[], others: readonly Span[]): number {
  const times = [...new Set([...spans, ...others].flat())].sort((a, b) => a - b)
  return times.slice(1).reduce((sum, end, index) => {
    const start = times[index] ?? end
    const covers = ([from, to]: Span): boolean => from <= start && to >= end
    return spans.some(covers) && !others.some(covers) ? sum + end - start : sum
  }, 0)
}

/** What a build did, from its events. */
function summary(output: string): { readonly ran: number; readonly cacheMs: number } {
  const events: BuildEvent[] = output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  const labels = new Map<string, { readonly label: string; readonly timeMs: number }>()
  const [cache, steps]: [Span[], Span[]] = [[], []]
  for (const event of events) {
    if (event.kind === 'task-start') labels.set(event.task, event)
    if (event.kind !== 'task-end') continue
    const started = labels.get(event.task)
    if (started === undefined) continue
    if (started.label.startsWith('[cache]')) cache.push([started.timeMs, event.timeMs])
    else if (event.task.startsWith('step-') && event.status === 'done') steps.push([started.timeMs, event.timeMs])
  }
  return { ran: steps.length, cacheMs: alone(cache, steps) }
}

/** Steps that are shown as such and not as cached. */
function dockerSteps(output: string): number {
  const shown = new Set([...output.matchAll(/^(#\d+) \[ *\d+\/\d+\] (?:RUN|COPY)/gm)].map(([, number]) => number))
  for (const [, number] of output.matchAll(/^(#\d+) CACHED/gm)) shown.delete(number)
  return shown.size
}

function bytesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(directory, name)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0)
}

/** Share of a cache mount of 300 packages that is sent when one of them has changed, in percent. */
async function changedPackage(): Promise<number> {
  const cache = join(home, 'mounts')
  const folder = join(home, 'mount-context')
  const build = async (command: string): Promise<number> => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    cpSync('/bin/busybox', join(folder, 'busybox'))
    const lines = [
      'FROM scratch',
      'COPY busybox /bin/busybox',
      'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
      `RUN --mount=type=cache,target=/packages ${command}`,
    ]
    writeFileSync(join(folder, 'Dockerfile'), lines.join('\n'))
    const flags = ['--cache-to', `type=local,dest=${cache},mounts=true`]
    await run(join(checkout, 'bin/longshore'), ['--root', join(home, 'store'), 'build', ...flags, folder], process.env)
    return bytesIn(cache)
  }
  const make = (name: string): string =>
    `mkdir -p /packages/${name} && head -c 1000000 /dev/urandom > /packages/${name}/data`
  const before = await build(`for i in $(seq 1000 1299); do ${make('$i')}; done`)
  return (100 * ((await build(make('1150'))) - before)) / before
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function main(): Promise<void> {
  const registry = await startRegistry()
  const oracle = await startOracle()
  const times = new Map<string, number[]>()
  const note = (what: string, value: number): void => void times.set(what, [...(times.get(what) ?? []), value])
  try {
    makeContext()
    for (let round = 0; round < rounds; round++) {
      const own = `${registry.host}/own:${round}`
      edit(`round ${round}`)
      rmSync(join(home, 'store'), { recursive: true, force: true })
      const first = await longshore('--cache-to', `type=registry,ref=${own},mode=max`)
      note('longshore: build and export, s', first.ms / 1000)
      rmSync(join(home, 'store'), { recursive: true })
      edit(`round ${round}, edited`)
      const again = await longshore('--cache-from', own, '--cache-to', `type=registry,ref=${own},mode=max`)
      const { ran, cacheMs } = summary(again.output)
      note('longshore: wiped, edited, s', again.ms / 1000)
      note('longshore: steps that ran', ran)
      note('longshore: cache work alone, % of the time', (100 * cacheMs) / again.ms)

      const image = `${registry.host}/docker:${round}`
      const inDocker = (...args: readonly string[]): Promise<Run> => run(docker, args, oracle.env)
      const build = (...flags: readonly string[]): Promise<Run> => {
        const usual = ['--progress', 'plain', '--network', 'host', '--build-arg', 'BUILDKIT_INLINE_CACHE=1']
        return inDocker('build', '-t', image, ...usual, ...flags, context)
      }
      const wipe = async (): Promise<void> => {
        await run(
          'sh',
          ['-c', `${docker} image rm -f $(${docker} image ls -q) 2>&1; ${docker} builder prune -af`],
          oracle.env,
        )
      }
      edit(`docker ${round}`)
      await wipe()
      note('docker: build and push inline, s', ((await build()).ms + (await inDocker('push', image)).ms) / 1000)
      await wipe()
      edit(`docker ${round}, edited`)
      const second = await build('--cache-from', image)
      note('docker: wiped, edited, s', second.ms / 1000)
      note('docker: steps that ran', dockerSteps(second.output))
    }
    note('longshore: of a 300 MB cache mount is sent, %', await changedPackage())
    for (const [what, values] of times) console.log(`${what.padEnd(46)} ${median(values).toFixed(1)}`)
  } finally {
    await Promise.all([registry.stop(), stopOracle(oracle)])
    rmSync(home, { recursive: true, force: true })
  }
}

await main()
