import { posix } from 'node:path'
import type { ContainerSpec } from '../container/index.ts'

/**
 * Paths that a running container shows something of ours or of the user at, and that may have been made in its layer only for
 * that. They are gone again when it has ended.
 */
export function stubPaths(spec: ContainerSpec): ReadonlySet<string> {
  const own = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev', '/proc', '/sys']
  return new Set([...own, ...spec.mounts.map((mount) => posix.normalize(mount.target).replace(/(.)\/$/, '$1'))])
}
