import { ToolError } from '../base/index.ts'
import { type ControlClient, connectSupervisor, ended, openContainerRoom } from '../engine/containers.ts'
import { AttachSession } from './attach-session.ts'
import { pairs } from './create-request.ts'
import { exitCodes } from './exit-codes.ts'
import type { AttachFlags, ExecFlags } from './lifecycle-flags.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'
import { failedStart, requireTerminal } from './run-run.ts'

/** Runs `longshore exec`; returns the exit code of the command, 0 for one in the background. */
export async function runExec(
  container: string,
  command: readonly string[],
  flags: ExecFlags,
  root: string | undefined,
): Promise<number> {
  const detached = flags.detach === true
  const terminal = flags.tty === true
  const stdin = flags.interactive === true && !detached
  requireTerminal(terminal && !detached)
  const session = new AttachSession({ stdin, terminal, detachKeys: flags.detachKeys, signalProxy: false })
  let client: ControlClient | undefined
  try {
    const room = openContainerRoom(processHost(), root)
    client = await connectSupervisor(room, room.containers.find(container), session.listener)
    const { user, workdir } = flags
    const { size } = session
    client.send({
      op: 'exec',
      args: command,
      env: [...(terminal ? ['TERM=xterm'] : []), ...pairs(flags.env, flags.envFile, room.host)],
      privileged:
        flags.privileged === true || room.containers.spec(room.containers.find(container)).security.privileged,
      terminal,
      openStdin: flags.interactive === true,
      detached,
      ...(user === undefined ? {} : { user }),
      ...(workdir === undefined ? {} : { cwd: workdir }),
      ...(size === undefined ? {} : { size }),
    })
    if (!detached) client.send({ op: 'wait' })
    await client.reply()
    if (detached) return exitCodes.done
    const end = await session.follow(client, ended(client))
    return end.kind === 'ended' ? end.exitCode : exitCodes.done
  } catch (error) {
    return failed(error)
  } finally {
    client?.close()
  }
}

/** Runs `longshore attach`; returns the exit code of the container, 0 when it was left. */
export async function runAttach(container: string, flags: AttachFlags, root: string | undefined): Promise<number> {
  try {
    const room = openContainerRoom(processHost(), root)
    const id = room.containers.find(container)
    const { terminal, openStdin } = room.containers.spec(id)
    const stdin = flags.stdin && openStdin
    requireTerminal(terminal && stdin)
    const { detachKeys, sigProxy: signalProxy } = flags
    const session = new AttachSession({ stdin, terminal, detachKeys, signalProxy })
    const client = await connectSupervisor(room, id, session.listener)
    const { size } = session
    client.send({ op: 'attach', stdin, output: true, ...(size === undefined ? {} : { size }) })
    client.send({ op: 'wait' })
    await client.reply()
    const end = await session.follow(client, ended(client))
    return end.kind === 'ended' ? end.exitCode : exitCodes.done
  } catch (error) {
    return failed(error)
  }
}

/** 126 and 127 for a command that cannot be executed; 1, as docker has it, for a container that is not there or does not run. */
function failed(error: unknown): number {
  if (!(error instanceof ToolError) || error.details['exitCode'] !== undefined || error.code === 'usage') {
    return failedStart(error)
  }
  process.stderr.write(errorText(error))
  return exitCodes.stepFailed
}
