import * as sys from '../sys/index.ts'
import { readMountTable } from './mount-table.ts'

const cgroupRoot = '/sys/fs/cgroup'

/**
 * crun before 1.9 refuses a hybrid cgroup hierarchy (version 1 controllers with version 2 mounted among them) even when
 * it is told to leave cgroups alone. In our own mount namespace the version 2 mount is taken away, or, where a user
 * namespace forbids that, everything is covered. Does nothing on other machines. Throws `SystemCallError`.
 */
export function hideHybridCgroups(): void {
  const table = readMountTable().filter(
    ({ mountPoint }) => mountPoint === cgroupRoot || mountPoint.startsWith(`${cgroupRoot}/`),
  )
  const hybrid = table.filter(({ mountPoint, type }) => type === 'cgroup2' && mountPoint !== cgroupRoot)
  // Covered already: the last mount on the directory itself came after all others.
  if (hybrid.length === 0 || table.at(-1)?.mountPoint === cgroupRoot) return
  try {
    for (const { mountPoint } of hybrid) sys.umount(mountPoint, sys.MNT_DETACH)
  } catch {
    // Locked together with the other mounts we got from the machine's owner (mount_namespaces(7)).
    sys.mount('tmpfs', cgroupRoot, 'tmpfs', sys.MS_NOSUID | sys.MS_NODEV | sys.MS_NOEXEC, 'mode=755,size=0')
  }
}
