import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { ToolError } from '../base/index.ts'
import { encodeFrame } from '../container/frames.ts'
import type { ControlReply, ExecSpec } from '../container/index.ts'
import type { SandboxProcess, SandboxResult, TerminalSize } from '../ports/index.ts'
import { failedReply } from './failed-reply.ts'
import { openStdio, type ProcessStdio } from './process-stdio.ts'
import type { ExitReply, Supervisor } from './supervisor.ts'

/** A further process of the container, for one client, who hears its output and may write to it. */
export class ExecSession {
  /** The answer to the request: whether the program runs. */
  readonly started: Promise<ControlReply>
  readonly ended: Promise<ExitReply>
  readonly #process: SandboxProcess
  readonly #stdio: ProcessStdio
  readonly #spec: ExecSpec
  #isOver = false

  /** Throws `ToolError` when the container does not run, or the process cannot be started. */
  constructor(supervisor: Supervisor, spec: ExecSpec, socket: Socket) {
    const { run } = supervisor
    if (run === undefined || run.pid() === undefined) throw notRunning()
    if (supervisor.isPaused) {
      throw new ToolError('container-failed', 'the container is paused', {
        hint: 'let it go on first: longshore unpause',
      })
    }
    this.#spec = spec
    const id = randomBytes(32).toString('hex')
    const tell = (action: string, more: Readonly<Record<string, string>> = {}): void =>
      supervisor.events.container(action, { execID: id, ...more })
    tell(`exec_create: ${spec.args.join(' ')}`)
    const isHeard = !spec.detached
    this.#stdio = openStdio(spec, (stream, bytes) => {
      if (!isHeard || socket.destroyed || socket.write(encodeFrame(stream, bytes))) return
      this.#setFlowing(false)
      const go = (): void => this.#setFlowing(true)
      socket.once('drain', go).once('close', go)
    })
    try {
      this.#process = run.exec({
        id: id.slice(0, 12),
        ...{ args: spec.args, env: spec.env, privileged: spec.privileged, terminal: spec.terminal },
        ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
        ...(spec.user === undefined ? {} : { user: spec.user }),
        stdio: this.#stdio.stdio,
      })
    } finally {
      this.#stdio.started()
    }
    tell(`exec_start: ${spec.args.join(' ')}`)
    const result = this.#finish()
    void result.then(
      ({ exitCode }) => tell('exec_die', { exitCode: String(exitCode) }),
      () => tell('exec_die', { exitCode: '137' }),
    )
    this.ended = result.then(
      // A runtime that loses the container before it learns how its process ended says 1.
      ({ exitCode }) => ({ kind: 'exited', exitCode: exitCode === 1 && supervisor.isStopping ? 137 : exitCode }),
      // The container was killed under it.
      () => ({ kind: 'exited', exitCode: 137 }),
    )
    this.started = this.#start(result)
  }

  writeInput(bytes: Uint8Array, done: () => void): void {
    const input = this.#spec.openStdin ? this.#stdio.input(this.#process.stdin) : undefined
    if (input === undefined) done()
    else input.write(bytes, done)
  }

  endInput(): void {
    if (this.#spec.openStdin) this.#stdio.input(this.#process.stdin)?.end()
  }

  resize(size: TerminalSize): void {
    if (!this.#spec.terminal) return
    this.#stdio.resize(size)
    this.#process.resize(size)
  }

  signal(signal: number): void {
    this.#process.kill(signal)
  }

  /** The client is gone: a terminal hangs up, as when a window is closed; other processes see the end of their input. */
  leave(): void {
    if (this.#spec.detached) return
    if (this.#spec.terminal) this.#process.kill('SIGHUP')
    else this.endInput()
  }

  #setFlowing(flowing: boolean): void {
    this.#process.setFlowing(flowing)
    this.#stdio.setFlowing(flowing)
  }

  async #finish(): Promise<SandboxResult> {
    try {
      const result = await this.#process.done
      await this.#stdio.drained()
      return result
    } finally {
      this.#isOver = true
    }
  }

  async #start(result: Promise<SandboxResult>): Promise<ControlReply> {
    if (!this.#spec.detached) {
      try {
        const { failure, exitCode } = await Promise.race([result, this.#running()])
        if (failure !== undefined) return { kind: 'failed', code: 'run-failed', message: failure, exitCode }
      } catch (error) {
        return failedReply(error)
      }
    }
    return { kind: 'started', pid: this.#process.pid() ?? 0 }
  }

  /** Resolves when the program runs, or has run. */
  async #running(): Promise<SandboxResult> {
    while (!this.#isOver && this.#process.pid() === undefined) await new Promise((resolve) => setTimeout(resolve, 2))
    return { exitCode: 0 }
  }
}

function notRunning(): ToolError {
  return new ToolError('container-failed', 'the container is not running', { hint: 'start it first: longshore start' })
}
