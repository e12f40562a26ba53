import { check, cString, declare } from './ffi.ts'

const mountCall = declare('int mount(const void*, const void*, const void*, unsigned long, const void*)')
const umountCall = declare('int umount2(const void*, int)')
const unshareCall = declare('int unshare(int)')

/** Flags of mount(2) and umount2(2), <sys/mount.h>. */
export const MS_RDONLY = 0x1
export const MS_NOSUID = 0x2
export const MS_NODEV = 0x4
export const MS_NOEXEC = 0x8
export const MS_REMOUNT = 0x20
export const MS_BIND = 0x1000
export const MS_MOVE = 0x2000
export const MS_REC = 0x4000
export const MS_PRIVATE = 0x40000
export const MS_SLAVE = 0x80000
export const MNT_DETACH = 0x2
export const UMOUNT_NOFOLLOW = 0x8
/** Flag of unshare(2), <linux/sched.h>. */
export const CLONE_NEWNS = 0x20000

/** mount(2). `type` and `data` may be empty (bind, remount, propagation). Throws `SystemCallError`. */
export function mount(source: string, target: string, type: string, flags: number, data = ''): void {
  const result = mountCall(
    cString(source),
    cString(target),
    type === '' ? null : cString(type),
    flags,
    data === '' ? null : cString(data),
  )
  check(result, 'mount', target)
}

/** umount2(2). Throws `SystemCallError`. */
export function umount(target: string, flags = 0): void {
  check(umountCall(cString(target), flags), 'umount', target)
}

/**
 * Gives the calling thread (and every thread and child process it makes from now on) its own mount namespace, where
 * nothing propagates back. Must run before the process uses asynchronous fs, so that libuv's pool is made inside.
 * Throws `SystemCallError` (`EPERM` without CAP_SYS_ADMIN).
 */
export function enterMountNamespace(): void {
  check(unshareCall(CLONE_NEWNS), 'unshare')
  mount('none', '/', '', MS_REC | MS_PRIVATE)
}

const chdirCall = declare('int chdir(const void*)')

/**
 * mount(2) with `directory` as the current directory during the call, so that long lists of lower directories fit into
 * the one page that mount options have. `workingDirectory` is restored before it returns. Throws `SystemCallError`.
 */
export function mountFrom(directory: string, workingDirectory: string, ...call: Parameters<typeof mount>): void {
  check(chdirCall(cString(directory)), 'chdir', directory)
  try {
    mount(...call)
  } finally {
    check(chdirCall(cString(workingDirectory)), 'chdir', workingDirectory)
  }
}
