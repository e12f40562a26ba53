/**
 * The library: builds images from a program. Each build runs in a child process of its own, since it takes a private
 * mount namespace (and as an ordinary user a user namespace), which a host program must not be put into.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { errorMessage, ToolError } from './base/index.ts'
import type { BuildError, BuildEvent, BuildSummary } from './build/index.ts'

export type { Diagnostic, Digest, Severity, Span } from './base/index.ts'
export { ToolError } from './base/index.ts'
export type { BuildError, BuildEvent, BuildSummary, TaskStatus } from './build/index.ts'

/** What to build; every field but `context` is optional and means the flag of the same name of `longshore build`. */
export interface BuildOptions {
  /** Directory with the files that COPY and ADD can take, or a git or http(s) address. */
  readonly context: string
  readonly file?: string
  readonly tags?: readonly string[]
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly contexts?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  /** As `--annotation`: `key=value`, `index:key=value`. */
  readonly annotations?: readonly string[]
  readonly squash?: boolean
  readonly target?: string
  /** Several targets in place of `target`; tags are then `TARGET=NAME`, and the summary has each image under `targets`. */
  readonly targets?: readonly string[]
  /** As `--platform`: `linux/arm64`; several make an index. */
  readonly platforms?: readonly string[]
  readonly noCache?: boolean
  readonly noCacheFilter?: readonly string[]
  /** As `--cache-ttl`: `12h`. */
  readonly cacheTtl?: string
  /** As `--cache-budget`: `20GB`, `none`. */
  readonly cacheBudget?: string
  /** As `--cache-from`: `type=registry,ref=…`, `type=local,src=…`, or a name. */
  readonly cacheFrom?: readonly string[]
  /** As `--cache-to`: `type=registry,ref=…,mode=max`. */
  readonly cacheTo?: readonly string[]
  readonly keepGoing?: boolean
  readonly pull?: boolean
  readonly offline?: boolean
  /** As `--locked`; a path is that of the lock file. */
  readonly locked?: boolean | string
  readonly network?: 'default' | 'none' | 'host'
  /** As `--secret`: `id=token,src=FILE`, `id=token,env=NAME`. */
  readonly secrets?: readonly string[]
  /** As `--ssh`: `default`, `id=SOCKET`, `id=KEY`. */
  readonly ssh?: readonly string[]
  /** As `--allow`: `security.insecure`. */
  readonly allow?: readonly string[]
  /** As `--add-host`: `name:ip`. */
  readonly addHosts?: readonly string[]
  /** As `--memory`: `2g`. */
  readonly memory?: string
  readonly cpus?: number
  readonly shmSize?: string
  /** As `--ulimit`: `nofile=1024:4096`. */
  readonly ulimits?: readonly string[]
  readonly sourceDateEpoch?: number
  readonly rewriteTimestamp?: boolean
  readonly reproducible?: boolean
  readonly verify?: boolean
  readonly push?: boolean
  readonly jobs?: number
  /** As `--output`: `type=oci,dest=…`. */
  readonly outputs?: readonly string[]
  readonly isolation?: 'crun' | 'runc' | 'builtin'
  /** As `--ci`; `none` when absent, since it is the host program that speaks to its CI system. */
  readonly ci?: 'auto' | 'github' | 'gitlab' | 'none'
  /** Directory of the store. */
  readonly root?: string
  /** Aborting stops the build and cleans up after it; `result` then rejects with code `canceled`. */
  readonly signal?: AbortSignal
}

/** A build under way: iterate it for its events, await `result` for its end. */
export interface Build extends AsyncIterable<BuildEvent> {
  /** Rejects with `ToolError`: the failing step's code, `step-failed`, or `invalid-document` for a Dockerfile with errors. */
  readonly result: Promise<BuildSummary>
}

/** Starts a build. Events are kept until they are read, so it is safe to await `result` only. */
export function build(options: BuildOptions): Build {
  const child = spawn(process.execPath, [commandPath(), ...commandLine(options)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const events = new EventQueue()
  const cancel = (): void => {
    child.kill('SIGINT')
  }
  if (options.signal?.aborted === true) cancel()
  options.signal?.addEventListener('abort', cancel, { once: true })
  const result = follow(child, child.stderr, events, options.signal).finally(() =>
    options.signal?.removeEventListener('abort', cancel),
  )
  // A caller that only iterates must not be ended by a rejection it does not look at.
  result.catch(() => {})
  return { result, [Symbol.asyncIterator]: () => events.iterate() }
}

function commandPath(): string {
  const bundled = join(import.meta.dirname, 'longshore.cjs')
  return existsSync(bundled) ? bundled : join(import.meta.dirname, '../dist/longshore.cjs')
}

function commandLine(options: BuildOptions): string[] {
  const pairs = (flag: string, values: Readonly<Record<string, string>> | undefined): string[] =>
    Object.entries(values ?? {}).flatMap(([key, value]) => [flag, `${key}=${value}`])
  const list = (flag: string, values: readonly string[] | undefined): string[] =>
    (values ?? []).flatMap((text) => [flag, text])
  const value = (flag: string, text: string | number | undefined): string[] =>
    text === undefined ? [] : [flag, String(text)]
  const on = (flag: string, wanted: boolean | undefined): string[] => (wanted === true ? [flag] : [])
  return [
    ...value('--root', options.root),
    'build',
    '--progress=rawjson',
    ...value('--file', options.file),
    ...list('--tag', options.tags),
    ...pairs('--build-arg', options.buildArgs),
    ...pairs('--build-context', options.contexts),
    ...pairs('--label', options.labels),
    ...list('--annotation', options.annotations),
    ...on('--squash', options.squash),
    ...value('--target', options.target),
    ...list('--target', options.targets),
    ...on('--no-cache', options.noCache),
    ...list('--no-cache-filter', options.noCacheFilter),
    ...value('--cache-ttl', options.cacheTtl),
    ...value('--cache-budget', options.cacheBudget),
    ...list('--cache-from', options.cacheFrom),
    ...list('--cache-to', options.cacheTo),
    ...on('--keep-going', options.keepGoing),
    ...on('--pull', options.pull),
    ...on('--offline', options.offline),
    ...on('--locked', options.locked !== undefined && options.locked !== false),
    ...(typeof options.locked === 'string' ? ['--lockfile', options.locked] : []),
    ...list('--platform', options.platforms),
    ...value('--network', options.network),
    ...list('--add-host', options.addHosts),
    ...value('--memory', options.memory),
    ...value('--cpus', options.cpus),
    ...value('--shm-size', options.shmSize),
    ...list('--ulimit', options.ulimits),
    ...value('--source-date-epoch', options.sourceDateEpoch),
    ...on('--rewrite-timestamp', options.rewriteTimestamp),
    ...on('--reproducible', options.reproducible),
    ...on('--verify', options.verify),
    ...on('--push', options.push),
    ...value('--jobs', options.jobs),
    ...list('--secret', options.secrets),
    ...list('--ssh', options.ssh),
    ...list('--allow', options.allow),
    ...list('--output', options.outputs),
    ...value('--isolation', options.isolation),
    ...value('--ci', options.ci ?? 'none'),
    '--',
    options.context,
  ]
}

/** Reads the child's event lines until it ends; resolves with its summary. */
async function follow(
  child: ChildProcess,
  stream: Readable,
  events: EventQueue,
  signal: AbortSignal | undefined,
): Promise<BuildSummary> {
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  let summary: BuildSummary | undefined
  let failure: BuildError | undefined
  const other: string[] = []
  try {
    for await (const line of lines(stream)) {
      const event = parseEvent(line)
      if (event === undefined) {
        other.push(line)
        continue
      }
      if (event.kind === 'result') summary = event.result
      if (event.kind === 'error') failure = event.error
      if (event.kind === 'diagnostic' && event.diagnostic.severity === 'error') failure ??= diagnosticError(event)
      events.push(event)
    }
    const code = await ended
    if (signal?.aborted === true) throw new ToolError('canceled', 'the build was canceled')
    if (code === 0 && summary !== undefined) return summary
    throw failedError(failure, other.join('\n'), code)
  } catch (error) {
    if (error instanceof ToolError) throw error
    throw new ToolError('run-failed', `cannot run the build: ${errorMessage(error)}`, { cause: error })
  } finally {
    events.close()
  }
}

function diagnosticError({ diagnostic }: Extract<BuildEvent, { kind: 'diagnostic' }>): BuildError {
  const { message, hint } = diagnostic
  return {
    code: 'invalid-document',
    message,
    ...(hint === undefined ? {} : { hint }),
    details: { diagnostic: diagnostic.code },
  }
}

function failedError(failure: BuildError | undefined, output: string, code: number | null): ToolError {
  if (failure === undefined) return new ToolError('run-failed', `the build ended with code ${code}: ${output}`)
  const { message, hint, details } = failure
  return new ToolError(failure.step === undefined ? 'run-failed' : 'step-failed', message, {
    details: { ...details, code: failure.code },
    ...(hint === undefined ? {} : { hint }),
  })
}

async function* lines(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) {
    const parts = (rest + String(chunk)).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  if (rest !== '') yield rest
}

function parseEvent(line: string): BuildEvent | undefined {
  if (!line.startsWith('{')) return undefined
  const value: unknown = JSON.parse(line)
  return isEvent(value) ? value : undefined
}

/** The line comes from the same version of this package, so its kind is enough. */
function isEvent(value: unknown): value is BuildEvent {
  return typeof value === 'object' && value !== null && 'kind' in value
}

/** Holds events until they are iterated. */
class EventQueue {
  readonly #events: BuildEvent[] = []
  #closed = false
  #wake: (() => void) | undefined

  push(event: BuildEvent): void {
    this.#events.push(event)
    this.#wake?.()
  }

  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  async *iterate(): AsyncGenerator<BuildEvent> {
    for (let next = 0; ; next++) {
      while (next >= this.#events.length) {
        if (this.#closed) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
      const event = this.#events[next]
      if (event !== undefined) yield event
    }
  }
}
