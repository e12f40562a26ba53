import { randomBytes } from 'node:crypto'
import type { Cgroup } from '../cgroup/index.ts'
import type { Host } from './host.ts'

/** Keeps RUN steps from the machine's devices: root could make a node of any disk, or find one in a base image. */
export interface DeviceGuard {
  /** What a command must be made of so that it, and all that it starts, opens the usual devices only. */
  ready(): Promise<Cgroup['enter']>
  /** Call when nothing runs any more. */
  close(): Promise<void>
}

/**
 * A guard with one control group for all steps, made for the first. In a user namespace it has nothing to do: the kernel lets
 * nobody open nodes that were made there. `announce` is told, once, when this machine gives no such group.
 */
export function deviceGuard(
  host: Pick<Host, 'inUserNamespace' | 'pid' | 'nowMs'>,
  announce: (label: string) => void,
): DeviceGuard {
  let opened: Promise<Cgroup> | undefined
  const open = async (): Promise<Cgroup> => {
    const { openDeviceGroup, probeCgroups, sweepGroups } = await import('../cgroup/index.ts')
    const facts = probeCgroups(true)
    // Of builds that were killed.
    for (const prefix of ['build-', 'longshore-']) sweepGroups(facts, prefix, host.nowMs())
    const name = `build-${host.pid}-${randomBytes(4).toString('hex')}`
    const group = openDeviceGroup(name, facts, host.pid)
    for (const note of group.notes) announce(`[internal] RUN steps: ${note}`)
    return group
  }
  return {
    async ready() {
      if (host.inUserNamespace) return (command) => command
      opened ??= open()
      const group = await opened
      return (command) => group.enter(command)
    },
    close: async () => (await opened)?.remove(),
  }
}
