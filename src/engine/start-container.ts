import { type ControlClient, type ControlListener, isActive } from '../container/index.ts'
import type { Isolation } from '../ports/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { connectSupervisor, launchSupervisor } from './supervised.ts'

/** How to be connected to a container from its start. */
export interface StartWishes {
  /** Hear its output. */
  readonly output: boolean
  /** Write to its stdin. */
  readonly stdin: boolean
  readonly size?: { readonly rows: number; readonly columns: number }
  readonly isolation?: Isolation
}

/** A started container and a connection to it. */
export interface StartedContainer {
  readonly client: ControlClient
  /** What was asked for and could not be had, in words for the user. */
  readonly notes: readonly string[]
  /** Its exit code, once it has ended. */
  ended(): Promise<number>
}

/**
 * Starts a container and connects to it; one that runs is only connected to. Throws `ToolError` `run-failed` when it cannot be
 * started, with the exit code as `details.exitCode` when that is for its program's sake.
 */
export async function startContainer(
  room: ContainerRoom,
  id: string,
  wishes: StartWishes,
  listener: ControlListener = {},
): Promise<StartedContainer> {
  const isRunning = isActive(room.containers.state(id))
  const client = isRunning
    ? await connectSupervisor(room, id, listener)
    : await launchSupervisor(room, id, listener, wishes.isolation)
  let notes: readonly string[] = []
  try {
    const { size, stdin, output } = wishes
    const attaches = output || stdin
    // All at once: a program may be over before one could ask again.
    if (attaches) client.send({ op: 'attach', stdin, output, ...(size === undefined ? {} : { size }) })
    client.send({ op: 'start' })
    client.send({ op: 'wait' })
    if (attaches) await client.reply()
    const started = await client.reply()
    if (started.kind === 'started') notes = started.notes ?? []
  } catch (error) {
    client.close()
    throw error
  }
  return { client, notes, ended: () => ended(client) }
}

/** The exit code of what `client` asked to `wait` for. */
export async function ended(client: ControlClient): Promise<number> {
  for (;;) {
    const reply = await client.reply()
    if (reply.kind === 'exited') return reply.exitCode
  }
}
