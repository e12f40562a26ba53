import type { Writable } from 'node:stream'
import type { ControlClient, ControlListener } from '../engine/containers.ts'
import { DetachKeys } from './detach-keys.ts'

export interface SessionOptions {
  /** Our stdin goes to the process. */
  readonly stdin: boolean
  /** The process has a terminal: ours is passed through, key by key. */
  readonly terminal: boolean
  /** Keys that leave the process alone, as `ctrl-p,ctrl-q`. */
  readonly detachKeys: string
  /** Signals we get are passed on. */
  readonly signalProxy: boolean
  /** Which streams are shown; all when not given. */
  isWanted?(stream: 'stdout' | 'stderr'): boolean
}

/** What ended a session: the process, with its exit code, or the user, who left it. */
export type SessionEnd = { readonly kind: 'ended'; readonly exitCode: number } | { readonly kind: 'detached' }

/** Signals that are passed on; what stops a process by force cannot be. */
const forwarded = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const

/** Connects our stdin, stdout and stderr to a process of a container, until it ends or the user leaves it. */
export class AttachSession {
  readonly #options: SessionOptions
  readonly #detached = Promise.withResolvers<SessionEnd>()
  readonly #undo: (() => void)[] = []
  readonly #kept: NodeJS.Signals[] = []
  #client: ControlClient | undefined
  #keepsSignals = false

  constructor(options: SessionOptions) {
    this.#options = options
    for (const stream of [process.stdout, process.stderr]) {
      // Whoever read our output does not any more: the process in the container is to learn that, not we.
      const ignore = (): void => undefined
      stream.on('error', ignore)
    }
  }

  /** What hears the process. */
  readonly listener: ControlListener = {
    onOutput: (stream, bytes) => {
      if (this.#options.isWanted?.(stream) === false) return
      this.#show(stream === 'stdout' ? process.stdout : process.stderr, bytes)
    },
  }

  /** Size of our terminal, when the process is to have one like it. */
  get size(): { readonly rows: number; readonly columns: number } | undefined {
    if (!this.#options.terminal || !process.stdout.isTTY) return undefined
    const [columns, rows] = process.stdout.getWindowSize()
    if (columns === 0 || rows === 0) return undefined
    return { rows, columns }
  }

  /**
   * From now on signals are for the process; what comes before it runs is passed on by `follow`. Call it before the process is
   * started, which may print something, and be told something for that, sooner than we get to know that it runs.
   */
  keepSignals(): void {
    if (!this.#options.signalProxy || this.#keepsSignals) return
    this.#keepsSignals = true
    const listener = (signal: NodeJS.Signals): void => this.#onSignal(signal)
    for (const signal of forwarded) process.on(signal, listener)
    this.#undo.push(() => {
      for (const signal of forwarded) process.off(signal, listener)
    })
  }

  /** Takes back what was set up, for a process that was not started. */
  release(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo()
  }

  /** Passes input, sizes and signals on from now on; `ended` is the process's end. */
  async follow(client: ControlClient, ended: Promise<number>): Promise<SessionEnd> {
    this.#client = client
    const { terminal, stdin } = this.#options
    this.keepSignals()
    for (const signal of this.#kept.splice(0)) this.#onSignal(signal)
    if (terminal) this.#passSizes(client)
    if (stdin) this.#passInput(client)
    try {
      return await Promise.race([
        ended.then((exitCode) => ({ kind: 'ended', exitCode }) as const),
        this.#detached.promise,
      ])
    } finally {
      this.release()
      client.close()
    }
  }

  #show(target: Writable, bytes: Buffer): void {
    if (target.write(bytes) || this.#client === undefined) return
    this.#client.pause()
    target.once('drain', () => this.#client?.resume())
  }

  #onSignal(signal: NodeJS.Signals): void {
    const { terminal } = this.#options
    if (this.#client === undefined) {
      // Whoever asks twice does not want to wait for the start.
      const isUrgent = signal === 'SIGINT' && this.#kept.includes(signal)
      this.#kept.push(signal)
      if (!isUrgent) return
      this.release()
      process.kill(process.pid, signal)
      return
    }
    this.#client.send({ op: 'signal', signal: signalNumbers[signal] ?? 15 })
    // A terminal that is gone takes us along; the container's processes were told, and go on if they want to.
    if (terminal && signal === 'SIGHUP') setTimeout(() => this.#detached.resolve({ kind: 'detached' }), 50)
  }

  #passSizes(client: ControlClient): void {
    const listener = (): void => {
      const { size } = this
      if (size !== undefined) client.send({ op: 'resize', ...size })
    }
    process.stdout.on('resize', listener)
    // It may have changed while the process was started.
    listener()
    this.#undo.push(() => process.stdout.off('resize', listener))
  }

  #passInput(client: ControlClient): void {
    const { stdin } = process
    const { terminal, detachKeys } = this.#options
    const keys = new DetachKeys(terminal ? detachKeys : '')
    const isRaw = terminal && stdin.isTTY
    if (isRaw) stdin.setRawMode(true)
    const send = (bytes: Buffer): void => {
      if (bytes.length === 0 || client.sendStdin(bytes)) return
      stdin.pause()
      void client.drained().then(() => stdin.resume())
    }
    const onData = (bytes: Buffer): void => {
      const { passed, isDetached } = keys.push(bytes)
      send(passed)
      if (isDetached) this.#detached.resolve({ kind: 'detached' })
    }
    const onEnd = (): void => client.send({ op: 'stdin-end' })
    stdin.on('data', onData).once('end', onEnd)
    // A terminal that hung up.
    stdin.on('error', onEnd)
    this.#undo.push(() => {
      stdin.off('data', onData).off('end', onEnd)
      if (isRaw) stdin.setRawMode(false)
      stdin.pause()
      if (!stdin.isTTY) stdin.unref?.()
    })
  }
}

/** The numbers of the signals that are passed on, on Linux on every processor we know. */
const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  ...{ SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGUSR1: 10, SIGUSR2: 12, SIGTERM: 15, SIGCONT: 18 },
}
