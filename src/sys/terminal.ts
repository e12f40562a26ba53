import { check, declare } from './ffi.ts'

const ioctl = declare('int ioctl(int, unsigned long, ...)')

const TIOCGWINSZ = 0x5413
const TIOCSWINSZ = 0x5414

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
