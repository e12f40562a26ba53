import { closeSync, existsSync, openSync } from 'node:fs'
import { type Server, Socket } from 'node:net'
import { constants } from 'node:os'
import { ToolError } from '../base/index.ts'
import { encodeMessage } from '../container/frames.ts'
import { listenForControl, openContainers } from '../container/index.ts'
import { signalNumber } from '../container/signals.ts'
import { tryLock } from '../sys/index.ts'
import { ClientConnection } from './client-connection.ts'
import { failedReply } from './failed-reply.ts'
import { closeInherited } from './inherited-descriptors.ts'
import type { SupervisorSettings } from './settings.ts'
import { Supervisor } from './supervisor.ts'

/** Descriptor of the connection to the command that started us. */
const clientFd = 3

/** A machine that goes down gives its processes some seconds; the container gets them. */
const shutdownSeconds = 5

/**
 * The process that looks after one container: started by a command, outlives it, ends with the container. Its arguments are one
 * JSON object; the command that started it is its first client.
 */
function main(): void {
  closeInherited(clientFd)
  const settings: SupervisorSettings = { ...JSON.parse(process.argv[2] ?? ''), pid: process.pid }
  const client = new Socket({ fd: clientFd, readable: true, writable: true })
  try {
    const lock = takeLock(settings)
    const supervisor = new Supervisor(settings, openContainers(settings.root, process.pid), process.env)
    serve(settings, supervisor, client, lock)
  } catch (error) {
    client.end(encodeMessage(failedReply(error)))
  }
}

/** Held until the process ends: there is one supervisor to a container. */
function takeLock({ root, id }: SupervisorSettings): number {
  const store = openContainers(root, process.pid)
  if (!store.exists(id)) throw gone(id)
  const fd = openSync(store.path(id, 'lock'), 'a', 0o600)
  if (!tryLock(fd, 'exclusive')) {
    closeSync(fd)
    throw new ToolError(
      'container-failed',
      `the container ${id.slice(0, 12)} is being started, or removed, by another command`,
      {
        hint: 'look at it with `longshore ps -a`',
      },
    )
  }
  // It may have been removed before the lock was had.
  if (!existsSync(store.path(id, 'spec.json'))) throw gone(id)
  return fd
}

function gone(id: string): ToolError {
  return new ToolError('container-not-found', `no such container: ${id.slice(0, 12)}`)
}

function serve(settings: SupervisorSettings, supervisor: Supervisor, client: Socket, lock: number): void {
  const sockets = new Set<Socket>()
  const connect = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    new ClientConnection(socket, supervisor)
  }
  const server = listenForControl(openContainers(settings.root, process.pid).path(settings.id), connect)
  connect(client)
  const { spec } = supervisor
  process.on('SIGTERM', () => {
    const signal = signalNumber(spec.stopSignal) ?? constants.signals.SIGTERM
    void supervisor.stop(signal, Math.min(spec.stopTimeoutSeconds, shutdownSeconds))
  })
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGPIPE'] as const) process.on(signal, () => undefined)
  void supervisor.ended.then(() => leave(server, sockets, lock))
}

/** The last answers are still to be sent; nothing else keeps the process. */
function leave(server: Server, sockets: ReadonlySet<Socket>, lock: number): void {
  server.close()
  // In a turn of its own, so that who waits for the end has been answered.
  setImmediate(() => {
    closeSync(lock)
    for (const socket of sockets) socket.end()
    setTimeout(() => process.exit(0), 1000).unref()
    if (sockets.size === 0) process.exit(0)
    for (const socket of sockets) socket.once('close', () => sockets.size === 0 && process.exit(0))
  })
}

main()
