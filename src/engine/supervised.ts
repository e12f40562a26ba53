import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { invariant, ToolError } from '../base/index.ts'
import {
  type ControlClient,
  type ControlListener,
  connectForControl,
  controlClient,
  isActive,
} from '../container/index.ts'
import type { Isolation } from '../ports/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { findProgram } from './find-program.ts'
import { type NamespacePrefix, namespacePrefix } from './namespace.ts'

const logName = 'supervisor.log'

/**
 * Starts a supervisor for a container that has none, and connects to it. It outlives this process, and does nothing before it
 * is told to `start`. As a user it lives in a user namespace of its own.
 */
export async function launchSupervisor(
  room: ContainerRoom,
  id: string,
  listener: ControlListener,
  isolation: Isolation | undefined,
): Promise<ControlClient> {
  const { host, store, containers } = room
  const { words, inUserNamespace } = await supervisorPrefix(room, id)
  const overlay = inUserNamespace ? 'user' : 'trusted'
  const settings = { root: store.root, id, overlay, inUserNamespace, ...(isolation === undefined ? {} : { isolation }) }
  const [program, ...args] = [...words, ...host.supervisorCommand, JSON.stringify(settings)]
  invariant(program !== undefined, 'a supervisor is a program')
  // What it says when it breaks.
  const log = openSync(containers.path(id, logName), 'a', 0o600)
  try {
    const child = spawn(program, args, {
      detached: true,
      cwd: '/',
      // Nothing else of ours: what a supervisor starts is not to have it.
      env: { PATH: host.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['ignore', 'ignore', log, 'pipe'],
    })
    child.on('error', () => undefined)
    child.unref()
    const socket = child.stdio[3]
    invariant(socket instanceof Socket, 'a pipe to a child is a socket')
    return controlClient(socket, listener)
  } finally {
    closeSync(log)
  }
}

/** As a user, containers that share a namespace, or have networks in common, live in one user namespace. */
async function supervisorPrefix(room: ContainerRoom, id: string): Promise<NamespacePrefix> {
  const { host, store, containers } = room
  const prefix = namespacePrefix(host, store)
  if (host.uid === 0) return prefix
  const { network, security } = containers.spec(id)
  const { mode } = network
  const other = [mode, security.pid, security.ipc].find((one) => one.startsWith('container:'))
  if (other !== undefined) {
    const joined = containers.state(containers.find(other.slice('container:'.length)))
    const pid = joined.supervisor?.pid
    const nsenter = findProgram('nsenter', host.env['PATH']) ?? 'nsenter'
    const words = [nsenter, `--user=/proc/${pid}/ns/user`, '--preserve-credentials', '--', 'unshare', '--mount', '--']
    return pid === undefined ? prefix : { ...prefix, words }
  }
  if (!existsSync(join(store.root, 'networks', mode, 'network.json'))) return prefix
  const { probeNetwork, sharedNamespaceWords } = await import('../network/index.ts')
  const find = (name: string): string | undefined => findProgram(name, host.env['PATH'])
  const facts = probeNetwork({ find, uid: host.uid, inUserNamespace: host.inUserNamespace })
  return { ...prefix, words: await sharedNamespaceWords(store.root, facts, prefix.words) }
}

/** Connects to the supervisor of a running container. Throws `ToolError` `container-failed` when it does not run. */
export async function connectSupervisor(
  { containers }: ContainerRoom,
  id: string,
  listener: ControlListener = {},
): Promise<ControlClient> {
  const state = containers.state(id)
  const socket = isActive(state) ? await connectForControl(containers.path(id)) : undefined
  if (socket !== undefined) return controlClient(socket, listener)
  throw new ToolError('container-failed', `the container ${nameOf(containers.names.all(), id)} is not running`, {
    hint: `start it first: longshore start ${nameOf(containers.names.all(), id)}`,
  })
}

/** What a container is called: its name, else the beginning of its ID. */
export function nameOf(names: ReadonlyMap<string, string>, id: string): string {
  return names.get(id) ?? id.slice(0, 12)
}

/** The last lines that a supervisor said when it broke. */
export function supervisorWords({ containers }: ContainerRoom, id: string): string {
  try {
    return readFileSync(containers.path(id, logName), 'utf8').trim().split('\n').slice(-5).join('\n')
  } catch {
    // It is gone with its container.
    return ''
  }
}
