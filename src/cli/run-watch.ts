import { type ChildProcess, spawn } from 'node:child_process'
import { relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Digest, sanitizeLine, ToolError } from '../base/index.ts'
import type { BuildRequest } from '../engine/build-request.ts'
import type { Host } from '../engine/host.ts'
import { type FileWatch, watchFiles } from '../engine/watch-files.ts'
import { exitCodes } from './exit-codes.ts'
import type { BuildFlags } from './flags.ts'
import { errorText } from './print-error.ts'

/** One build of a watch: gives the image ID, or undefined when it failed, which is printed. */
export type BuildOnce = () => Promise<Digest | undefined>

/** How long a container has to end before it is killed: somebody waits for the next one. */
const graceSeconds = 3
/** Between two attempts to stop one that is still being started. */
const retryMs = 200

/**
 * Builds, and builds again at each change of what the build reads, until it is interrupted. An error stays to be read, and the next change tries
 * again. With `--run` a container of the result runs meanwhile, and the next result takes its place. Returns the exit code.
 */
export async function runWatch(
  request: BuildRequest,
  flags: Pick<BuildFlags, 'run' | 'runFlags' | 'iidfile' | 'metadataFile'>,
  buildOnce: BuildOnce,
  host: Host,
): Promise<number> {
  const written = [
    ...request.outputs.flatMap((output) => ('dest' in output && output.dest !== '-' ? [output.dest] : [])),
    ...[flags.iidfile, flags.metadataFile].flatMap((path) => (path === undefined ? [] : [path])),
  ]
  const ended = new Ending()
  const container = new WatchedContainer(flags, request.root, host)
  let watch: FileWatch | undefined
  try {
    watch = await watchFiles(request, written, host)
    let previous: Digest | undefined
    while (!ended.isAsked) {
      const id = await attempt(buildOnce, ended)
      if (ended.isAsked) break
      if (flags.run === true && id !== undefined && id !== previous) await container.restart(id)
      previous = id ?? previous
      say(`watching ${relative(host.cwd, resolve(host.cwd, request.context)) || '.'}; Ctrl-C ends`)
      const changed = await Promise.race([watch.changed(), ended.asked])
      if (changed !== undefined) say(changedText(changed, host.cwd))
    }
  } finally {
    await container.stop()
    await watch?.close()
    ended.close()
  }
  return exitCodes.interrupted
}

/** Undefined when it failed; what there is to say of it is said. */
async function attempt(buildOnce: BuildOnce, ended: Ending): Promise<Digest | undefined> {
  try {
    return await buildOnce()
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    if (!ended.isAsked) process.stderr.write(errorText(error))
    return undefined
  }
}

function changedText(paths: readonly string[], cwd: string): string {
  const [first = '', ...others] = paths.map((path) => relative(cwd, path))
  return `${first} changed${others.length === 0 ? '' : `, and ${others.length} more`}`
}

function say(text: string): void {
  process.stderr.write(`==> ${sanitizeLine(text)}\n`)
}

/** The wish that the watch ends. */
class Ending {
  isAsked = false
  readonly asked: Promise<undefined>
  readonly close: () => void

  constructor() {
    let ask: () => void = () => undefined
    this.asked = new Promise((done) => {
      ask = () => done(undefined)
    })
    const listener = (): void => {
      this.isAsked = true
      ask()
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, listener)
    this.close = () => {
      for (const signal of signals) process.off(signal, listener)
    }
  }
}

/** The container of the last result: `longshore run` in a process of its own, ended by `longshore stop`. */
class WatchedContainer {
  readonly #words: readonly string[]
  readonly #root: readonly string[]
  readonly #host: Host
  #running: { readonly child: ChildProcess; readonly name: string } | undefined
  #count = 0

  constructor({ runFlags = '' }: Pick<BuildFlags, 'runFlags'>, root: string | undefined, host: Host) {
    this.#words = runFlags.split(/\s+/).filter((word) => word !== '')
    this.#root = root === undefined ? [] : ['--root', root]
    this.#host = host
  }

  async restart(image: Digest): Promise<void> {
    await this.stop()
    const name = `watch-${this.#host.pid}-${++this.#count}`
    const child = this.#start(['run', '--rm', '--name', name, ...this.#words, image], 'inherit')
    const running = { child, name }
    child.on('error', (error) => say(`the container cannot be started: ${error.message}`))
    child.on('exit', (code, signal) => {
      if (this.#running !== running) return
      this.#running = undefined
      say(`the container ended with ${code ?? signal}`)
    })
    this.#running = running
  }

  /** Ends it as `longshore stop` does, which kills what does not end by itself. */
  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    if (running === undefined) return
    const { child, name } = running
    const ended = endOf(child)
    // One that is only just being started is not there to be stopped yet.
    while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      await endOf(this.#start(['stop', '--timeout', String(graceSeconds), name], 'ignore'))
      await Promise.race([ended, sleep(retryMs, undefined, { ref: false })])
    }
  }

  /** In a group of its own: Ctrl-C of a terminal is the watch's, which then stops the container in order. */
  #start(words: readonly string[], output: 'inherit' | 'ignore'): ChildProcess {
    const { env, cwd } = this.#host
    const [, script = ''] = process.argv
    const command = [...process.execArgv, script, ...this.#root, ...words]
    return spawn(process.execPath, command, { env, cwd, stdio: ['ignore', output, output], detached: true })
  }
}

function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((done) => {
    child.once('exit', () => done())
    child.once('error', () => done())
  })
}
