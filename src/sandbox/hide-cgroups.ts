import * as sys from '../sys/index.ts'
import { readMountTable } from './mount-table.ts'

const cgroupRoot = '/sys/fs/cgroup'

/**
 * crun before 1.9 refuses a machine with a cgroup2 mount beside the version 1 hierarchies, even when it is told to leave
 * cgroups alone. In our own mount namespace that mount can go: as root by unmounting it, in a user namespace, where
 * inherited mounts are locked, by covering the whole place. Returns what puts it back.
 */
export function hideHybridCgroups(inUserNamespace: boolean): () => void {
  const mounts = readMountTable().filter((mount) => mount.mountPoint.startsWith(`${cgroupRoot}/`))
  const hybrid = mounts.filter((mount) => mount.type === 'cgroup2')
  if (hybrid.length === 0 || !mounts.some((mount) => mount.type === 'cgroup')) return () => undefined
  if (inUserNamespace) {
    sys.mount('none', cgroupRoot, 'tmpfs', sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC)
    return () => sys.umount(cgroupRoot, sys.MNT_DETACH)
  }
  for (const mount of hybrid) sys.umount(mount.mountPoint, sys.MNT_DETACH)
  return () => undefined
}
