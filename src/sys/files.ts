import { check, cString, declare, declareAsync } from './ffi.ts'

const mknodCall = declare('int mknod(const void*, unsigned int, unsigned long)')
const utimensatCall = declare('int utimensat(int, const void*, const void*, int)')
const futimensCall = declare('int futimens(int, const void*)')
const flockCall = declare('int flock(int, int)')
const flockAsync = declareAsync('int flock(int, int)')
const syncfsCall = declareAsync('int syncfs(int)')
const syscall6 = declare('long syscall(long, int, const void*, void*, unsigned long, int, int)')

const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const SYS_OPENAT2 = 437
const LOCK_EX = 2
const LOCK_NB = 4
const LOCK_SH = 1

export const S_IFCHR = 0o020000
export const S_IFBLK = 0o060000
export const S_IFIFO = 0o010000

/** open(2) flags that `node:fs` does not name (x86-64 and arm64 agree on these two). */
export const O_PATH = 0o10000000
export const O_CLOEXEC = 0o2000000

/** RESOLVE_* of openat2(2), <linux/openat2.h>. */
export const RESOLVE_NO_MAGICLINKS = 0x02
export const RESOLVE_NO_SYMLINKS = 0x04
export const RESOLVE_BENEATH = 0x08
export const RESOLVE_IN_ROOT = 0x10

/** A device number as the kernel encodes dev_t for user space (gnu_dev_makedev). */
export function makeDevice(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)]
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
}

/** Major and minor of a dev_t, as `stat` gives it in `rdev`. */
export function splitDevice(device: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn)),
    minor: Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn)),
  }
}

/** mknod(2); `mode` holds the type (S_IFCHR …) and permission bits. Throws `SystemCallError`. */
export function mknod(path: string | Uint8Array, mode: number, device = 0n): void {
  check(mknodCall(cString(path), mode, device), 'mknod', path)
}

/** Sets modification and access time to `timeNs` (nanoseconds since the epoch) without following a symlink at the end. */
export function setTimes(path: string | Uint8Array, timeNs: bigint): void {
  check(utimensatCall(AT_FDCWD, cString(path), timespecs(timeNs), AT_SYMLINK_NOFOLLOW), 'utimensat', path)
}

/** As `setTimes`, of an open file. */
export function setOpenTimes(fd: number, timeNs: bigint): void {
  check(futimensCall(fd, timespecs(timeNs)), 'futimens')
}

/** The same time twice, as struct timespec[2]. */
function timespecs(timeNs: bigint): Buffer {
  const times = Buffer.alloc(32)
  let seconds = timeNs / 1_000_000_000n
  let nanoseconds = timeNs % 1_000_000_000n
  if (nanoseconds < 0n) {
    seconds -= 1n
    nanoseconds += 1_000_000_000n
  }
  for (const at of [0, 16]) {
    times.writeBigInt64LE(seconds, at)
    times.writeBigInt64LE(nanoseconds, at + 8)
  }
  return times
}

/**
 * openat2(2): opens `path` below the directory `directoryFd` under RESOLVE_* rules; returns a file descriptor (add
 * O_CLOEXEC to `flags`). With RESOLVE_IN_ROOT, absolute symlinks and `..` stay inside. Throws `SystemCallError`.
 */
export function openat2(
  directoryFd: number,
  path: string | Uint8Array,
  flags: number,
  mode: number,
  resolve: number,
): number {
  const how = Buffer.alloc(24)
  how.writeBigUInt64LE(BigInt(flags), 0)
  how.writeBigUInt64LE(BigInt(mode), 8)
  how.writeBigUInt64LE(BigInt(resolve), 16)
  for (;;) {
    try {
      return check(syscall6(SYS_OPENAT2, directoryFd, cString(path), how, how.length, 0, 0), 'openat2', path)
    } catch (error) {
      // The kernel asks to try again when a rename raced with a `..` under RESOLVE_IN_ROOT.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

/** Takes an exclusive flock(2) lock on an open file and waits for it. It ends with the descriptor. */
export function waitForLock(fd: number): Promise<void> {
  return flockAsync('flock', fd, LOCK_EX)
}

/** syncfs(2): returns when all that was written to the file system of `fd` is on its disk. Throws `SystemCallError`. */
export function syncFileSystem(fd: number): Promise<void> {
  return syncfsCall('syncfs', fd)
}

/** Takes a flock(2) lock on an open file without waiting; false when another process holds it. It ends with the descriptor. */
export function tryLock(fd: number, kind: 'exclusive' | 'shared'): boolean {
  try {
    check(flockCall(fd, (kind === 'exclusive' ? LOCK_EX : LOCK_SH) | LOCK_NB), 'flock')
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return false
    throw error
  }
}
