import { closeSync, constants, openSync } from 'node:fs'
import { check, declare } from './ffi.ts'
import { O_CLOEXEC } from './files.ts'

const ioctl = declare('int ioctl(int, unsigned long, ...)')

const TIOCGWINSZ = 0x5413
const TIOCSWINSZ = 0x5414
const TIOCSPTLCK = 0x40045431
const TIOCGPTPEER = 0x5441

/** Characters of a terminal. */
export interface TerminalSize {
  readonly rows: number
  readonly columns: number
}

/** Size of the terminal on descriptor `fd` (ioctl_tty(2)); undefined when it is none, or does not know. */
export function terminalSize(fd: number): TerminalSize | undefined {
  const size = Buffer.alloc(8)
  if (ioctl(fd, TIOCGWINSZ, 'void *', size) < 0) return undefined
  const [rows, columns] = [size.readUInt16LE(0), size.readUInt16LE(2)]
  return rows === 0 || columns === 0 ? undefined : { rows, columns }
}

/** Sets the size of the terminal on `fd`; the kernel tells its foreground processes by SIGWINCH. Throws `SystemCallError`. */
export function setTerminalSize(fd: number, size: TerminalSize): void {
  const buffer = Buffer.alloc(8)
  buffer.writeUInt16LE(size.rows, 0)
  buffer.writeUInt16LE(size.columns, 2)
  check(ioctl(fd, TIOCSWINSZ, 'void *', buffer), 'ioctl')
}

/**
 * Makes a pseudo terminal (pty(7)): `masterFd` is for us, `fd` for programs, as their stdin, stdout and stderr. Throws
 * `SystemCallError`.
 */
export function openTerminal(): { readonly masterFd: number; readonly fd: number } {
  const masterFd = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY)
  try {
    check(ioctl(masterFd, TIOCSPTLCK, 'void *', Buffer.alloc(4)), 'ioctl')
    // By descriptor: the terminal's path may mean another one in our mount namespace.
    const flags = constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC
    return { masterFd, fd: check(ioctl(masterFd, TIOCGPTPEER, 'int', flags), 'ioctl') }
  } catch (error) {
    closeSync(masterFd)
    throw error
  }
}
