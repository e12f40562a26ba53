import { check, declare } from './ffi.ts'
import { O_CLOEXEC } from './files.ts'

// Declared through syscall(2): musl has no wrapper, and glibc only since 2.36. The numbers are the same on every architecture.
const pidfdOpen = declare('long syscall(long, int, unsigned int)')
const pidfdSendSignal = declare('long syscall(long, int, int, const void*, unsigned int)')
const pipe2 = declare('int pipe2(void*, int)')

const SYS_PIDFD_SEND_SIGNAL = 424
const SYS_PIDFD_OPEN = 434

/**
 * pidfd_open(2): a file descriptor (close-on-exec) that stays with this very process, so that a reused number cannot
 * be mistaken for it. Throws `SystemCallError` (`ESRCH` when there is no such process).
 */
export function openProcess(pid: number): number {
  return check(pidfdOpen(SYS_PIDFD_OPEN, pid, 0), 'pidfd_open', String(pid))
}

/** pidfd_send_signal(2): sends signal number `signal` to the process behind `fd`. Throws `SystemCallError` (`ESRCH` when it ended). */
export function signalProcess(fd: number, signal: number): void {
  check(pidfdSendSignal(SYS_PIDFD_SEND_SIGNAL, fd, signal, null, 0), 'pidfd_send_signal')
}

/**
 * pipe2(2), close-on-exec. Node gives its children sockets where it says pipe, and no process can open `/dev/stdout`
 * when that is a socket. Throws `SystemCallError`.
 */
export function makePipe(): { readonly readFd: number; readonly writeFd: number } {
  const fds = Buffer.alloc(8)
  check(pipe2(fds, O_CLOEXEC), 'pipe2')
  return { readFd: fds.readInt32LE(0), writeFd: fds.readInt32LE(4) }
}
