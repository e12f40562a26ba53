import { constants } from 'node:os'
import { ToolError } from '../base/index.ts'
import { type ContainerSpec, isActive, signalNumber, type UsageReply } from '../container/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { recordContainerEvent } from './record-container-event.ts'
import { ended, startContainer } from './start-container.ts'
import { connectSupervisor, nameOf } from './supervised.ts'

/** How a container is ended: what is not given is the container's own. */
export interface StopWishes {
  readonly signal?: number
  /** Before it is ended by force; negative waits for ever. */
  readonly timeoutSeconds?: number
}

function stopWishes(spec: ContainerSpec, wishes: StopWishes): { signal: number; timeoutSeconds: number } {
  return {
    signal: wishes.signal ?? signalNumber(spec.stopSignal) ?? constants.signals.SIGTERM,
    timeoutSeconds: wishes.timeoutSeconds ?? spec.stopTimeoutSeconds,
  }
}

/** Ends a container and returns when it has ended; one that does not run is let be. */
export async function stopContainer(room: ContainerRoom, id: string, wishes: StopWishes): Promise<void> {
  if (!isActive(room.containers.state(id))) return
  await ask(room, id, { op: 'stop', ...stopWishes(room.containers.spec(id), wishes) })
}

/** Ends a container and starts it again; one that does not run is started. */
export async function restartContainer(room: ContainerRoom, id: string, wishes: StopWishes): Promise<void> {
  if (isActive(room.containers.state(id))) {
    await ask(room, id, { op: 'restart', ...stopWishes(room.containers.spec(id), wishes) })
    return
  }
  const { client } = await startContainer(room, id, { output: false, stdin: false })
  client.close()
}

/** Sends a signal to a container's first process; SIGKILL also waits for the end. Throws `ToolError` when it does not run. */
export async function killContainer(room: ContainerRoom, id: string, signal: number): Promise<void> {
  const isFinal = signal === constants.signals.SIGKILL
  await ask(room, id, isFinal ? { op: 'stop', signal, timeoutSeconds: -1 } : { op: 'signal', signal })
}

export async function pauseContainer(room: ContainerRoom, id: string): Promise<void> {
  await ask(room, id, { op: 'pause' })
}

export async function unpauseContainer(room: ContainerRoom, id: string): Promise<void> {
  await ask(room, id, { op: 'unpause' })
}

/** Ids on this machine of the processes of a running container. */
export async function containerProcesses(room: ContainerRoom, id: string): Promise<readonly number[]> {
  const client = await connectSupervisor(room, id)
  try {
    client.send({ op: 'processes' })
    const reply = await client.reply()
    return reply.kind === 'processes' ? reply.pids : []
  } finally {
    client.close()
  }
}

/** What a running container uses. */
export async function containerUsage(room: ContainerRoom, id: string): Promise<UsageReply> {
  const client = await connectSupervisor(room, id)
  try {
    client.send({ op: 'usage' })
    const reply = await client.reply()
    return reply.kind === 'usage' ? reply : { uncounted: [] }
  } finally {
    client.close()
  }
}

/** The exit code of a container, once it does not run. */
export async function waitForContainer(room: ContainerRoom, id: string): Promise<number> {
  const state = room.containers.state(id)
  if (!isActive(state)) return state.exitCode
  const client = await connectSupervisor(room, id)
  try {
    client.send({ op: 'wait' })
    return await ended(client)
  } catch (error) {
    // It ended before it was asked, or its supervisor was killed: what is written counts.
    const last = room.containers.exists(id) ? room.containers.state(id) : undefined
    if (last === undefined || isActive(last)) throw error
    return last.exitCode
  } finally {
    client.close()
  }
}

/** Gives a container another name. Throws `ToolError` `name-in-use`. */
export function renameContainer(room: ContainerRoom, id: string, name: string): void {
  const { containers } = room
  const old = containers.names.all().get(id)
  if (old === name) {
    throw new ToolError('name-in-use', `the container is called "${name}" already`, { hint: 'choose another name' })
  }
  containers.names.claim(name, id)
  if (old !== undefined) containers.names.release(old, id)
  recordContainerEvent(room, containers.spec(id), 'rename', { oldName: `/${old ?? ''}` }, name)
}

async function ask(
  room: ContainerRoom,
  id: string,
  request: Parameters<Awaited<ReturnType<typeof connectSupervisor>>['send']>[0],
): Promise<void> {
  const client = await connectSupervisor(room, id)
  try {
    client.send(request)
    await client.reply()
  } finally {
    client.close()
  }
}

/** Names a container in messages. */
export function called(room: ContainerRoom, id: string): string {
  return nameOf(room.containers.names.all(), id)
}
