import type { Socket } from 'node:net'
import { assertNever } from '../base/index.ts'
import { encodeMessage, FrameReader } from '../container/frames.ts'
import type { ControlReply, ControlRequest } from '../container/index.ts'
import { freezeProcesses, processesOf, thawProcesses } from './container-processes.ts'
import { ExecSession } from './exec-session.ts'
import { failedReply } from './failed-reply.ts'
import type { Supervisor } from './supervisor.ts'
import { usageOf } from './usage.ts'

/** Unwritten input of one client beyond which it is asked to wait. */
const inputLimit = 1 << 20

/** Serves one client of the supervisor until it goes away. */
export class ClientConnection {
  readonly #socket: Socket
  readonly #supervisor: Supervisor
  #exec: ExecSession | undefined
  /** Resolves when all that was asked so far is answered, ends apart. */
  #answered: Promise<void> = Promise.resolve()
  #hasInput = false
  #pendingBytes = 0

  constructor(socket: Socket, supervisor: Supervisor) {
    this.#socket = socket
    this.#supervisor = supervisor
    const reader = new FrameReader((type, bytes) => {
      if (type === 'message') this.#serve(JSON.parse(bytes.toString('utf8')))
      else if (type === 'stdin') this.#takeInput(bytes)
    })
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk)
      } catch {
        // No client of ours.
        socket.destroy()
      }
    })
    socket.on('error', () => undefined)
    socket.once('close', () => this.#leave())
  }

  /** Resolves when a further process that this client started has ended. */
  async execEnded(): Promise<void> {
    await this.#exec?.ended
  }

  /** `exited` is the last answer: whoever waits is told of what was asked before first, however fast the process ends. */
  #serve(request: ControlRequest): void {
    const before = this.#answered
    const served = request.op === 'wait' ? before.then(() => this.#answerTo(request)) : this.#answerTo(request)
    if (request.op !== 'wait') this.#answered = before.then(() => served)
  }

  async #answerTo(request: ControlRequest): Promise<void> {
    try {
      const reply = await this.#answer(request)
      if (reply !== undefined) this.#reply(reply)
    } catch (error) {
      this.#reply(failedReply(error))
    }
  }

  /** The answer, or undefined for what needs none. */
  async #answer(request: ControlRequest): Promise<ControlReply | undefined> {
    const supervisor = this.#supervisor
    switch (request.op) {
      case 'start':
        return supervisor.start()
      case 'attach':
        if (request.size !== undefined) supervisor.resize(request.size)
        this.#hasInput = request.stdin
        if (request.output) supervisor.output.attach(this.#socket)
        supervisor.events.container('attach')
        return { kind: 'done' }
      case 'exec':
        this.#exec = new ExecSession(supervisor, request, this.#socket)
        return this.#exec.started
      case 'stdin-end':
        if (this.#exec !== undefined) this.#exec.endInput()
        else if (this.#hasInput) supervisor.endInput()
        return undefined
      case 'resize':
        ;(this.#exec ?? supervisor).resize(request)
        return undefined
      case 'signal':
        ;(this.#exec ?? supervisor).signal(request.signal)
        return { kind: 'done' }
      case 'wait':
        return this.#exec === undefined ? supervisor.ended : this.#exec.ended
      case 'stop':
        await supervisor.stop(request.signal, request.timeoutSeconds)
        return { kind: 'done' }
      case 'restart':
        await supervisor.restart(request.signal, request.timeoutSeconds)
        return { kind: 'done' }
      case 'pause':
        await freezeProcesses(supervisor)
        return { kind: 'done' }
      case 'unpause':
        thawProcesses(supervisor)
        return { kind: 'done' }
      case 'processes':
        return { kind: 'processes', pids: processesOf(supervisor) }
      case 'usage':
        return { kind: 'usage', ...usageOf(supervisor) }
      default:
        return assertNever(request)
    }
  }

  #reply(reply: ControlReply): void {
    if (!this.#socket.destroyed) this.#socket.write(encodeMessage(reply))
  }

  #takeInput(bytes: Buffer): void {
    const target = this.#exec ?? (this.#hasInput ? this.#supervisor : undefined)
    if (target === undefined) return
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes > inputLimit) this.#socket.pause()
    target.writeInput(bytes, () => {
      this.#pendingBytes -= bytes.length
      if (this.#pendingBytes <= inputLimit) this.#socket.resume()
    })
  }

  /** The first client of a foreground run takes the container's input with it. */
  #leave(): void {
    if (this.#exec !== undefined) this.#exec.leave()
    else if (this.#hasInput && this.#supervisor.spec.stdinOnce && !this.#supervisor.spec.terminal) {
      this.#supervisor.endInput()
    }
  }
}
