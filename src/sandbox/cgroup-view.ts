import * as sys from '../sys/index.ts'
import { readMountTable } from './mount-table.ts'

const cgroupRoot = '/sys/fs/cgroup'

/**
 * Hides the unified hierarchy of a hybrid one from crun, which refuses to start where it sees both, even when it is
 * told to leave cgroups alone. Only our own mount namespace changes. Root takes the mount away; in a user namespace,
 * where inherited mounts are locked, an empty tmpfs covers them all. Returns what undoes the covering.
 */
export function hideHybridCgroups(inUserNamespace: boolean): () => void {
  const unified = readMountTable().filter(
    ({ type, mountPoint }) => type === 'cgroup2' && mountPoint.startsWith(`${cgroupRoot}/`),
  )
  if (unified.length === 0) return () => undefined
  if (!inUserNamespace) {
    // The other runtimes do as well without it, so it stays away.
    for (const { mountPoint } of unified.reverse()) sys.umount(mountPoint, sys.MNT_DETACH)
    return () => undefined
  }
  if (isCovered()) return () => undefined
  const flags = sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC
  sys.mount('tmpfs', cgroupRoot, 'tmpfs', flags, 'mode=755,size=0')
  return () => sys.umount(cgroupRoot, sys.MNT_DETACH)
}

/** True when the newest mount at or below the cgroup root lies on the root itself. */
function isCovered(): boolean {
  const last = readMountTable()
    .map(({ mountPoint }) => mountPoint)
    .filter((path) => path === cgroupRoot || path.startsWith(`${cgroupRoot}/`))
    .at(-1)
  return last === cgroupRoot
}
