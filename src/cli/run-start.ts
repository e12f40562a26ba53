import { ToolError } from '../base/index.ts'
import { openContainerRoom, startContainer } from '../engine/containers.ts'
import { AttachSession } from './attach-session.ts'
import { forEachContainer } from './each-container.ts'
import { exitCodes } from './exit-codes.ts'
import type { StartFlags } from './lifecycle-flags.ts'
import { processHost } from './process-host.ts'
import { failedStart, printNotes, requireTerminal } from './run-run.ts'

/** Runs `longshore start`; returns the exit code: with -a that of the container. */
export async function runStart(names: readonly string[], flags: StartFlags, root: string | undefined): Promise<number> {
  if (flags.attach !== true && flags.interactive !== true) {
    return forEachContainer(names, root, async (room, id) => {
      const { client, notes } = await startContainer(room, id, { output: false, stdin: false })
      printNotes(notes)
      client.close()
      return undefined
    })
  }
  const [name = '', other] = names
  if (other !== undefined) {
    throw new ToolError('usage', 'only one container can be attached to', {
      hint: 'leave -a out, or name one container',
    })
  }
  return startAttached(name, flags, root)
}

async function startAttached(name: string, flags: StartFlags, root: string | undefined): Promise<number> {
  const room = openContainerRoom(processHost(), root)
  const id = room.containers.find(name)
  const { terminal, openStdin } = room.containers.spec(id)
  const stdin = flags.interactive === true && openStdin
  requireTerminal(terminal && stdin)
  const { detachKeys, sigProxy: signalProxy } = flags
  const session = new AttachSession({ stdin, terminal, detachKeys, signalProxy })
  const { size } = session
  try {
    const wishes = { output: true, stdin, ...(size === undefined ? {} : { size }) }
    session.keepSignals()
    const { client, ended } = await startContainer(room, id, wishes, session.listener)
    const end = await session.follow(client, ended())
    return end.kind === 'ended' ? end.exitCode : exitCodes.done
  } catch (error) {
    return failedStart(error)
  } finally {
    session.release()
  }
}
