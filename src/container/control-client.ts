import type { Socket } from 'node:net'
import { ToolError, type ToolErrorCode } from '../base/index.ts'
import type { ControlReply, ControlRequest } from './control-messages.ts'
import { encodeFrame, encodeMessage, FrameReader } from './frames.ts'

/** What a client hears besides the answers it waits for. */
export interface ControlListener {
  readonly onOutput?: (stream: 'stdout' | 'stderr', bytes: Buffer) => void
}

/** A connection to a supervisor. Answers come in the order of the questions, `exited` last. */
export interface ControlClient {
  send(request: ControlRequest): void
  /** Sends bytes for stdin; false when the other side is slow, until `drained`. */
  sendStdin(bytes: Uint8Array): boolean
  drained(): Promise<void>
  /** The next answer. Throws `ToolError` `container-failed` when the supervisor is gone before it, and what it failed with. */
  reply(): Promise<Exclude<ControlReply, { readonly kind: 'failed' }>>
  /** Stops hearing output until `resume`. */
  pause(): void
  resume(): void
  close(): void
}

/** Talks over a connected socket. */
export function controlClient(socket: Socket, listener: ControlListener = {}): ControlClient {
  const replies: ControlReply[] = []
  const waiting: PromiseWithResolvers<ControlReply>[] = []
  let isClosed = false
  const take = (reply: ControlReply): void => {
    const next = waiting.shift()
    if (next === undefined) replies.push(reply)
    else next.resolve(reply)
  }
  const reader = new FrameReader((type, bytes) => {
    if (type === 'message') take(JSON.parse(bytes.toString('utf8')))
    else if (type !== 'stdin') listener.onOutput?.(type, bytes)
  })
  socket.on('data', (chunk) => reader.push(chunk))
  // A supervisor that was killed resets the connection; that it is closed says enough.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    isClosed = true
    for (const next of waiting.splice(0)) next.reject(vanished())
  })
  return {
    send: (request) => void socket.write(encodeMessage(request)),
    sendStdin: (bytes) => socket.write(encodeFrame('stdin', bytes)),
    drained: () =>
      new Promise((resolve) => {
        socket.once('drain', resolve)
        socket.once('close', resolve)
      }),
    async reply() {
      const reply = replies.shift() ?? (await next(waiting, isClosed))
      if (reply.kind === 'failed') throw failure(reply)
      return reply
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  }
}

function next(waiting: PromiseWithResolvers<ControlReply>[], isClosed: boolean): Promise<ControlReply> {
  if (isClosed) throw vanished()
  const promised = Promise.withResolvers<ControlReply>()
  waiting.push(promised)
  return promised.promise
}

function vanished(): ToolError {
  return new ToolError('container-failed', 'the supervisor of the container ended without an answer', {
    hint: '`longshore ps -a` shows how the container is now; its directory may hold a supervisor.log',
  })
}

/** The error that a supervisor failed with, with the exit code of the container's own in its details. */
function failure(reply: Extract<ControlReply, { kind: 'failed' }>): ToolError {
  const code: ToolErrorCode = reply.code
  return new ToolError(code, reply.message, {
    ...(reply.hint === undefined ? {} : { hint: reply.hint }),
    ...(reply.exitCode === undefined ? {} : { details: { exitCode: reply.exitCode } }),
  })
}
