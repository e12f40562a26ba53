import { sanitizeForTerminal, ToolError } from '../base/index.ts'
import { commitContainer } from '../engine/commit-container.ts'
import { type ContainerRoom, openContainerRoom } from '../engine/containers.ts'
import { type CopyRequest, copyFiles } from '../engine/copy-files.ts'
import { diffContainer } from '../engine/diff-container.ts'
import { exportContainer } from '../engine/export-container.ts'
import { exitCodes } from './exit-codes.ts'
import type { CommitFlags, CopyFlags } from './lifecycle-flags.ts'
import { errorText } from './print-error.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore diff`; returns the exit code. */
export function runDiff(container: string, root: string | undefined): Promise<number> {
  return withContainer(container, root, async (room, id) => {
    const changes = await diffContainer(room, id)
    process.stdout.write(changes.map(({ kind, path }) => `${kind} ${sanitizeForTerminal(path)}\n`).join(''))
  })
}

/** Runs `longshore export`; returns the exit code. */
export function runExport(container: string, output: string | undefined, root: string | undefined): Promise<number> {
  if (output === undefined && process.stdout.isTTY) {
    throw new ToolError('usage', 'a tar is not for a terminal', { hint: 'write it to a file with -o, or pipe it on' })
  }
  return withContainer(container, root, (room, id) => exportContainer(room, id, output ?? '-'))
}

/** Runs `longshore commit`; returns the exit code. */
export function runCommit(
  container: string,
  name: string | undefined,
  flags: CommitFlags,
  root: string | undefined,
): Promise<number> {
  const { author, message, change: changes, pause } = flags
  return withContainer(container, root, async (room, id) => {
    const imageId = await commitContainer(room, {
      ...{ id, changes, pause },
      ...(name === undefined ? {} : { name }),
      ...(author === undefined ? {} : { author }),
      ...(message === undefined ? {} : { message }),
    })
    process.stdout.write(`${imageId}\n`)
  })
}

/** Runs `longshore cp`; returns the exit code. */
export function runCopy(
  source: string,
  destination: string,
  flags: CopyFlags,
  root: string | undefined,
): Promise<number> {
  const [from, to] = [splitPlace(source), splitPlace(destination)]
  if ((from.container === undefined) === (to.container === undefined)) {
    throw new ToolError('usage', 'cp copies between a container and this machine', {
      hint: 'write exactly one of the two as CONTAINER:PATH',
    })
  }
  const [inside, ours] = from.container === undefined ? [to, from] : [from, to]
  const direction: CopyRequest['direction'] = from.container === undefined ? 'to-container' : 'from-container'
  return withContainer(inside.container ?? '', root, (room, id) =>
    copyFiles(room, {
      ...{ id, direction, containerPath: inside.path, hostPath: ours.path },
      archive: flags.archive === true,
      followLink: flags.followLink === true,
    }),
  )
}

/** `CONTAINER:PATH`, unless it begins as a path of this machine does. */
function splitPlace(text: string): { readonly container?: string; readonly path: string } {
  const [, container, path] = /^([^/.:][^/:]*):(.*)$/s.exec(text) ?? []
  return container === undefined || path === undefined ? { path: text } : { container, path }
}

async function withContainer(
  name: string,
  root: string | undefined,
  action: (room: ContainerRoom, id: string) => Promise<void>,
): Promise<number> {
  try {
    const room = openContainerRoom(processHost(), root)
    await action(room, room.containers.find(name))
    return exitCodes.done
  } catch (error) {
    if (!(error instanceof ToolError) || error.code === 'usage') throw error
    process.stderr.write(errorText(error))
    return exitCodes.stepFailed
  }
}
