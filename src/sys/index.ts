/**
 * System calls Node lacks, through koffi: the only place that touches FFI. Loading it costs some 15 ms, so it is
 * imported only by what runs steps or writes layers, never on the cached path. Synchronous calls only.
 */
export { type DeviceRule, deviceProgram, filterDevices } from './device-filter.ts'
export { SystemCallError } from './ffi.ts'
export {
  makeDevice,
  mknod,
  O_CLOEXEC,
  O_PATH,
  openat2,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  setOpenTimes,
  setTimes,
  splitDevice,
  syncFileSystem,
  tryLock,
  waitForLock,
} from './files.ts'
export {
  CLONE_NEWNS,
  enterMountNamespace,
  MNT_DETACH,
  MS_BIND,
  MS_MOVE,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_SLAVE,
  mount,
  mountFrom,
  mountFromProcess,
  UMOUNT_NOFOLLOW,
  umount,
} from './mounts.ts'
export { isProcessAlive, markProcess, type ProcessMark } from './process-mark.ts'
export { makePipe, openProcess, signalProcess } from './processes.ts'
export { setUmask, useOneProcessor } from './surroundings.ts'
export { openTerminal, setTerminalSize, type TerminalSize, terminalSize } from './terminal.ts'
export { getXattr, listXattrs, removeXattr, setXattr } from './xattrs.ts'
