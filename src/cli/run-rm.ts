import { ToolError } from '../base/index.ts'
import { openContainerRoom } from '../engine/containers.ts'
import { removeContainer } from '../engine/remove-container.ts'
import { forEachContainer } from './each-container.ts'
import { processHost } from './process-host.ts'

/** Runs `longshore rm`; returns the exit code. */
export function runRm(
  names: readonly string[],
  flags: { readonly force?: boolean; readonly volumes?: boolean },
  root: string | undefined,
): Promise<number> {
  const force = flags.force === true
  const wishes = { force, volumes: flags.volumes === true }
  return forEachContainer(force ? names.filter((name) => isThere(name, root)) : names, root, async (room, id) => {
    await removeContainer(room, id, wishes)
    return undefined
  })
}

/** With -f, what is gone already is as it should be. */
function isThere(name: string, root: string | undefined): boolean {
  try {
    openContainerRoom(processHost(), root).containers.find(name)
    return true
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'container-not-found') throw error
    process.stderr.write(`${error.message}\n`)
    return false
  }
}
