import { closeSync, openSync } from 'node:fs'
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
const setnsCall = declare('int setns(int, int)')
// No C library of Debian 12 has names for them; the numbers are the same on every architecture.
const openTreeCall = declare('long syscall(long, int, const void*, unsigned int)')
const moveMountCall = declare('long syscall(long, int, const void*, int, const void*, unsigned int)')
const SYS_OPEN_TREE = 428
const SYS_MOVE_MOUNT = 429
const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const OPEN_TREE_CLONE = 1
const OPEN_TREE_CLOEXEC = 0o2000000
const MOVE_MOUNT_F_EMPTY_PATH = 4
const CLONE_FS = 0x200

/**
 * Mounts on `target` what is mounted at `path` in the mount namespace of process `pid`, as the processes there see it, which no bind
 * mount reaches. A symlink at `path` is not followed. Linux 5.2. Throws `SystemCallError`.
 */
export function mountFromProcess(pid: number, path: string, target: string): void {
  const own = openSync('/proc/thread-self/ns/mnt', 'r')
  const fds = [own]
  try {
    const other = openSync(`/proc/${pid}/ns/mnt`, 'r')
    fds.push(other)
    // Threads share a root and a working directory, and those of the other namespace are for this one alone.
    check(unshareCall(CLONE_FS), 'unshare')
    check(setnsCall(other, CLONE_NEWNS), 'setns', String(pid))
    let tree: number
    try {
      const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW
      tree = check(openTreeCall(SYS_OPEN_TREE, AT_FDCWD, cString(path), flags), 'open_tree', path)
    } finally {
      check(setnsCall(own, CLONE_NEWNS), 'setns')
    }
    fds.push(tree)
    const moved = moveMountCall(SYS_MOVE_MOUNT, tree, cString(''), AT_FDCWD, cString(target), MOVE_MOUNT_F_EMPTY_PATH)
    check(moved, 'move_mount', target)
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}

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
