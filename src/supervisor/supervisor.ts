import { constants } from 'node:os'
import type { ContainerSpec, ContainerState, ContainerStore, ControlReply } from '../container/index.ts'
import { markProcess } from '../container/index.ts'
import { type LogWriter, openLog } from '../container/log-writer.ts'
import { restartDelayMs, restartsAfter } from '../container/restart-policy.ts'
import type { SandboxResult, SandboxRun, TerminalSize } from '../ports/index.ts'
import { endWithFirst, holdMountNamespace, thawProcesses } from './container-processes.ts'
import { openStage, type Stage } from './container-run.ts'
import { EventLog } from './event-log.ts'
import { failedReply } from './failed-reply.ts'
import { monitorHealth } from './health-monitor.ts'
import { OutputHub } from './output-hub.ts'
import { openStdio, type ProcessStdio } from './process-stdio.ts'
import { programStart } from './program-start.ts'
import { removeContainer } from './remove-container.ts'
import type { SupervisorSettings } from './settings.ts'
import { withoutSupervisor } from './without-supervisor.ts'

export type StartReply = Extract<ControlReply, { readonly kind: 'started' | 'failed' }>
export type ExitReply = Extract<ControlReply, { readonly kind: 'exited' }>

/** Why the process is being ended: `undefined` when it ends by itself. */
type Wish = 'stop' | 'restart' | undefined

/**
 * Looks after one container from its start to its end, and through its restarts. `ended` resolves when all is written and
 * given back.
 */
export class Supervisor {
  readonly spec: ContainerSpec
  readonly output: OutputHub
  readonly events: EventLog
  readonly #settings: SupervisorSettings
  readonly #store: ContainerStore
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #ended = Promise.withResolvers<ExitReply>()
  #state: ContainerState
  #life: Promise<StartReply> | undefined
  #run: SandboxRun | undefined
  #stdio: ProcessStdio | undefined
  #wish: Wish
  #stage: Stage | undefined
  #notes: readonly string[] = []
  #size: TerminalSize | undefined
  #endHealth: (() => void) | undefined
  /** It was asked to stop, and not merely killed. */
  #isStopped = false
  /** Ends the wait before a restart. */
  #cutDelay: (() => void) | undefined
  /** Wakes who waits for the next start or end. */
  #onTurn: (() => void)[] = []

  constructor(settings: SupervisorSettings, store: ContainerStore, env: Readonly<Record<string, string | undefined>>) {
    this.#settings = settings
    this.#store = store
    this.#env = env
    this.spec = store.spec(settings.id)
    this.#state = store.state(settings.id)
    this.events = new EventLog(settings.root, store, this.spec)
    this.output = new OutputHub(this.#openLog(), (flowing) => {
      this.#run?.setFlowing(flowing)
      this.#stdio?.setFlowing(flowing)
    })
  }

  get ended(): Promise<ExitReply> {
    return this.#ended.promise
  }

  /** Of this process. */
  get pid(): number {
    return this.#settings.pid
  }

  get cgroup(): Stage['cgroup'] | undefined {
    return this.#stage?.cgroup
  }

  get run(): SandboxRun | undefined {
    return this.#run
  }

  get hasOwnProcesses(): boolean {
    return this.spec.security.pid === 'private'
  }

  get hasOwnNetwork(): boolean {
    return this.#stage?.hasOwnNetwork ?? false
  }

  /** Somebody wants it to end, or to begin anew. */
  get isStopping(): boolean {
    return this.#wish !== undefined
  }

  get isPaused(): boolean {
    return this.#state.status === 'paused'
  }

  /** Starts the container, once; later calls get the same answer. */
  start(): Promise<StartReply> {
    this.#life ??= new Promise((resolve) => {
      void this.#live(resolve)
    })
    return this.#life
  }

  writeInput(bytes: Uint8Array, done: () => void): void {
    const input = this.#input()
    if (input === undefined) done()
    else input.write(bytes, done)
  }

  endInput(): void {
    this.#input()?.end()
  }

  resize(size: TerminalSize): void {
    this.#size = size
    if (!this.spec.terminal) return
    this.#stdio?.resize(size)
    this.#run?.resize(size)
  }

  signal(number: number): void {
    this.#run?.kill(number)
    this.events.container('kill', { signal: String(number) })
  }

  setPaused(paused: boolean): void {
    this.#write({ ...this.#state, status: paused ? 'paused' : 'running' })
    this.events.container(paused ? 'pause' : 'unpause')
  }

  get state(): ContainerState {
    return this.#state
  }

  /** Ends the process: by `signal`, and by force when it is not gone after the time. Resolves when it has ended. */
  async stop(signal: number, timeoutSeconds: number): Promise<void> {
    this.#wish = 'stop'
    this.#isStopped = signal !== constants.signals.SIGKILL
    await this.#endProcess(signal, timeoutSeconds)
    await this.ended
  }

  /** Ends the process and starts it again. */
  async restart(signal: number, timeoutSeconds: number): Promise<void> {
    this.#wish = 'restart'
    const turned = new Promise<void>((resolve) => this.#onTurn.push(resolve))
    await this.#endProcess(signal, timeoutSeconds)
    await Promise.race([turned, this.ended])
    this.events.container('restart')
  }

  async #endProcess(signal: number, timeoutSeconds: number): Promise<void> {
    this.#cutDelay?.()
    const run = this.#run
    if (run === undefined) return
    this.signal(signal)
    if (this.isPaused) thawProcesses(this)
    const forced =
      timeoutSeconds < 0
        ? undefined
        : setTimeout(() => this.signal(constants.signals.SIGKILL), Math.min(timeoutSeconds * 1000, 2 ** 31 - 1))
    try {
      await run.done
    } catch {
      // Whoever follows the run tells what was wrong with it.
    } finally {
      clearTimeout(forced)
    }
  }

  async #live(onStart: (reply: StartReply) => void): Promise<void> {
    let stage: Stage | undefined
    let result: SandboxResult | undefined
    try {
      stage = await openStage(this.#settings, this.#store, this.spec, this.#env)
      this.events.networks(stage.connection, 'connect')
      this.#notes = stage.notes
      this.#stage = stage
      void stage.lost.then((reason) => this.#noteLost(reason))
      result = await this.#repeat(stage, onStart)
    } catch (error) {
      const reply = failedReply(error)
      onStart(reply)
      this.#write({
        ...withoutSupervisor(this.#state),
        ...(this.#state.startedAt === undefined ? {} : { status: 'exited' }),
        pid: 0,
        exitCode: 125,
        error: reply.message,
      })
    }
    try {
      this.#stage = undefined
      await stage?.close()
      if (stage !== undefined) this.events.networks(stage.connection, 'disconnect')
      this.output.close()
      if (this.#isStopped) this.events.container('stop')
      if (this.spec.autoRemove) removeContainer(this.#settings.root, this.#store, this.spec)
      if (this.spec.autoRemove) this.events.container('destroy')
    } finally {
      const { exitCode, error } = this.#state
      this.#ended.resolve({
        kind: 'exited',
        exitCode: result?.exitCode ?? exitCode,
        ...(error === '' ? {} : { error }),
      })
    }
  }

  /** Runs the process until it ends for good. */
  async #repeat(stage: Stage, onStart: (reply: StartReply) => void): Promise<SandboxResult> {
    let delayMs: number | undefined
    for (let restarts = 0; ; restarts++) {
      if (this.#takeWish() === 'stop') return this.#neverBegan(onStart)
      this.#wish = undefined
      const startedMs = Date.now()
      const result = await this.#once(stage, restarts, onStart)
      const wish = this.#takeWish()
      const isNever = result.failure !== undefined && restarts === 0
      const again =
        wish === 'restart' ||
        (wish === undefined && !isNever && restartsAfter(this.spec.restart, result.exitCode, this.#state.restartCount))
      if (!again) {
        this.#finish(result, isNever)
        return result
      }
      const automatic = wish === undefined
      const restartCount = this.#state.restartCount + (automatic ? 1 : 0)
      const finishedAt = new Date().toISOString()
      this.#write({ ...this.#state, status: 'restarting', pid: 0, exitCode: result.exitCode, restartCount, finishedAt })
      if (!automatic) continue
      delayMs = restartDelayMs(delayMs, Date.now() - startedMs)
      await this.#delay(delayMs)
      if (this.#takeWish() === 'stop') {
        this.#finish(result, false)
        return result
      }
    }
  }

  /** It was stopped while all was being made ready. */
  #neverBegan(onStart: (reply: StartReply) => void): SandboxResult {
    onStart({ kind: 'failed', code: 'container-failed', message: 'the container was stopped before it began' })
    const result = { exitCode: 137 }
    this.#finish(result, true)
    return result
  }

  /** It goes on without: what it does may need none. */
  #noteLost(reason: string): void {
    const stage = this.#stage
    if (stage === undefined) return
    this.#write({ ...this.#state, error: `its network is lost: ${reason}` })
    this.events.networks(stage.connection, 'disconnect')
  }

  #takeWish(): Wish {
    return this.#wish
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#cutDelay = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #once(stage: Stage, restarts: number, onStart: (reply: StartReply) => void): Promise<SandboxResult> {
    const { terminal, openStdin } = this.spec
    const wishes = { terminal, openStdin, ...(this.#size === undefined ? {} : { size: this.#size }) }
    const stdio = openStdio(wishes, (stream, bytes) => this.output.write(stream, bytes))
    let run: SandboxRun
    try {
      run = stage.start(stdio.stdio)
    } finally {
      stdio.started()
    }
    this.#stdio = stdio
    this.#run = run
    let result: SandboxResult
    try {
      result = await this.#follow(stage, run, restarts, onStart)
    } finally {
      this.#endHealth?.()
    }
    this.#run = undefined
    this.#stdio = undefined
    await stdio.drained()
    this.output.flush()
    return result
  }

  async #follow(
    stage: Stage,
    run: SandboxRun,
    restarts: number,
    onStart: (reply: StartReply) => void,
  ): Promise<SandboxResult> {
    const pid = await programStart(run)
    if (pid !== undefined) {
      const mounts = this.hasOwnProcesses ? undefined : holdMountNamespace(pid)
      if (mounts !== undefined) void endWithFirst(pid, mounts, run.done)
      this.#noteStart(pid)
      this.#endHealth = this.#watchHealth(stage, run)
      if (this.#size !== undefined) this.resize(this.#size)
      onStart({ kind: 'started', pid, notes: this.#notes })
    }
    const result = await run.done
    if (pid !== undefined) return this.#noteEnd(result)
    if (result.failure === undefined) {
      this.#noteStart(0)
      this.#noteEnd(result)
    }
    if (restarts > 0) return result
    onStart(
      result.failure === undefined
        ? { kind: 'started', pid: 0, notes: this.#notes }
        : { kind: 'failed', code: 'run-failed', message: result.failure, exitCode: result.exitCode },
    )
    return result
  }

  #noteStart(pid: number): void {
    const { finishedAt, ...rest } = this.#state
    const supervisor = markProcess(this.#settings.pid)
    this.#write({
      ...rest,
      ...(finishedAt === undefined ? {} : { finishedAt }),
      ...(supervisor === undefined ? {} : { supervisor }),
      ...(this.#stage === undefined ? {} : { connection: this.#stage.connection }),
      ...{ status: 'running', pid, exitCode: 0, error: '', oomKilled: false, startedAt: new Date().toISOString() },
    })
    for (const wake of this.#onTurn.splice(0)) wake()
    this.events.container('start')
  }

  #noteEnd(result: SandboxResult): SandboxResult {
    const seconds = Math.floor((Date.now() - Date.parse(this.#state.startedAt ?? '')) / 1000)
    if (this.#stage?.wasOomKilled()) this.events.container('oom')
    this.events.container('die', { exitCode: String(result.exitCode), execDuration: String(seconds) })
    return result
  }

  #watchHealth({ health }: Stage, run: SandboxRun): (() => void) | undefined {
    if (health === undefined) return undefined
    return monitorHealth({
      ...health,
      run,
      privileged: this.spec.security.privileged,
      isPaused: () => this.isPaused,
      onChange: (state) => {
        const before = this.#state.health?.status
        this.#write({ ...this.#state, health: state })
        if (state.status !== 'starting' && state.status !== before) {
          this.events.container(`health_status: ${state.status}`)
        }
      },
    })
  }

  #finish(result: SandboxResult, isNever: boolean): void {
    const oomKilled = this.#stage?.wasOomKilled() ?? false
    this.#write({
      ...withoutSupervisor(this.#state),
      oomKilled,
      status: isNever && this.#state.startedAt === undefined ? 'created' : 'exited',
      pid: 0,
      exitCode: result.exitCode,
      error: result.failure ?? '',
      ...(isNever ? {} : { finishedAt: new Date().toISOString() }),
    })
  }

  #write(state: ContainerState): void {
    this.#state = state
    this.#store.writeState(this.spec.id, state)
  }

  #input(): ReturnType<ProcessStdio['input']> {
    return this.spec.openStdin ? this.#stdio?.input(this.#run?.stdin) : undefined
  }

  #openLog(): LogWriter | undefined {
    const { log } = this.spec
    if (log.driver === 'none') return undefined
    return openLog(this.#store.path(this.spec.id), log.maxSizeBytes, log.maxFiles, Date.now)
  }
}
