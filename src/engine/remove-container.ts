import { closeSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { errnoCode, ToolError } from '../base/index.ts'
import { type ContainerSpec, isActive } from '../container/index.ts'
import type { ContainerRoom } from './container-room.ts'
import { called, stopContainer } from './control-container.ts'
import { disposeTree } from './dispose-tree.ts'
import { recordContainerEvent } from './record-container-event.ts'
import { readVolume, volumePath } from './volumes.ts'

export interface RemoveWishes {
  /** Ends the container when it runs. */
  readonly force: boolean
  /** Removes its anonymous volumes too. */
  readonly volumes: boolean
}

/**
 * Removes a container that does not run, with its name, layer and log. Throws `ToolError` `container-failed` when it runs and
 * `force` is not given.
 */
export async function removeContainer(room: ContainerRoom, id: string, wishes: RemoveWishes): Promise<void> {
  const { containers } = room
  if (isActive(containers.state(id))) {
    if (!wishes.force) {
      throw new ToolError('container-failed', `the container ${called(room, id)} is ${containers.state(id).status}`, {
        hint: `stop it first (longshore stop ${called(room, id)}), or force it with -f`,
      })
    }
    await stopContainer(room, id, { signal: constants.signals.SIGKILL, timeoutSeconds: -1 })
    // One that was run with --rm is gone by now.
    if (!containers.exists(id)) return
  }
  const spec = readSpec(room, id, wishes.force)
  const { waitForLock } = await import('../sys/index.ts')
  const lock = openLock(containers.path(id, 'lock'))
  if (lock === undefined) return
  try {
    await waitForLock(lock)
    if (isActive(containers.state(id))) {
      throw new ToolError('container-failed', `the container ${called(room, id)} was started meanwhile`)
    }
    const name = containers.names.all().get(id)
    const retired = containers.retire(id)
    if (name !== undefined) containers.names.release(name, id)
    if (retired !== undefined) disposeTree(room, retired)
    if (retired !== undefined && spec !== undefined) recordContainerEvent(room, spec, 'destroy', {}, name)
  } finally {
    closeSync(lock)
  }
  if (wishes.volumes && spec !== undefined) removeAnonymous(room, spec)
}

/** A container whose spec cannot be read can still be removed by force. */
function readSpec({ containers }: ContainerRoom, id: string, force: boolean): ContainerSpec | undefined {
  try {
    return containers.spec(id)
  } catch (error) {
    if (force && error instanceof ToolError && error.code === 'invalid-document') return undefined
    throw error
  }
}

function openLock(path: string): number | undefined {
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function removeAnonymous(room: ContainerRoom, { mounts }: ContainerSpec): void {
  for (const mount of mounts) {
    if (mount.kind === 'volume' && mount.anonymous && readVolume(room, mount.name)?.anonymous === true) {
      disposeTree(room, volumePath(room, mount.name))
    }
  }
}
