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
  const clients = new Map<Socket, ClientConnection>()
  const connect = (socket: Socket): void => {
    clients.set(socket, new ClientConnection(socket, supervisor))
    socket.once('close', () => clients.delete(socket))
  }
  const server = listenForControl(openContainers(settings.root, process.pid).path(settings.id), connect)
  connect(client)
  const { spec } = supervisor
  process.on('SIGTERM', () => {
    const signal = signalNumber(spec.stopSignal) ?? constants.signals.SIGTERM
    void supervisor.stop(signal, Math.min(spec.stopTimeoutSeconds, shutdownSeconds))
  })
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGPIPE'] as const) process.on(signal, () => undefined)
  void supervisor.ended.then(() => leave(server, clients, lock))
}

/** What a runtime takes at most to tell how a process ended that was killed with its container. */
const lastWordsMs = 1000

/** The last answers are still to be sent; nothing else keeps the process. */
async function leave(server: Server, clients: ReadonlyMap<Socket, ClientConnection>, lock: number): Promise<void> {
  server.close()
  await nextTurn()
  closeSync(lock)
  const lastWords = Promise.all([...clients.values()].map((client) => client.execEnded()))
  await Promise.race([lastWords, new Promise((resolve) => setTimeout(resolve, lastWordsMs))])
  await nextTurn()
  for (const socket of clients.keys()) socket.end()
  setTimeout(() => process.exit(0), 1000).unref()
  if (clients.size === 0) process.exit(0)
  for (const socket of clients.keys()) socket.once('close', () => clients.size === 0 && process.exit(0))
}

/** When who waited for what has just come has been answered. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

main()
