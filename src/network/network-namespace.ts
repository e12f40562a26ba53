import { closeSync, openSync } from 'node:fs'
import { ToolError } from '../base/index.ts'
import { MNT_DETACH, umount } from '../sys/index.ts'
import type { NetworkPrograms } from './network-request.ts'
import { tryProgram } from './run-program.ts'

/** A network namespace that a mount keeps: it vanishes with the mount, or with the mount namespace that has it. */
export interface NetworkNamespace {
  readonly path: string
  close(): void
}

/**
 * Makes a network namespace, its loopback device up, and mounts it on a new file at `path`. Call it in a mount namespace
 * of ours. Throws `ToolError` `network-failed`.
 */
export function makeNetworkNamespace(path: string, programs: NetworkPrograms): NetworkNamespace {
  closeSync(openSync(path, 'w', 0o600))
  // The loopback device is raised by ip where there is one, else by the kernel's own file.
  const script = 'if [ -n "$1" ]; then "$1" link set lo up; fi; exec "$2" -n --bind /proc/self/ns/net "$3"'
  const words = ['--net', '--', 'sh', '-ec', script, 'sh', programs.ip ?? '', programs.mount ?? 'mount', path]
  const { succeeded, complaint } = tryProgram(programs.unshare, words)
  if (!succeeded) throw new ToolError('network-failed', `cannot make a network namespace: ${complaint}`)
  return {
    path,
    close() {
      try {
        umount(path, MNT_DETACH)
      } catch {
        // It is not mounted any more: then it is closed.
      }
    },
  }
}
