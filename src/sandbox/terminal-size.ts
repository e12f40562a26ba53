import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { errnoCode } from '../base/index.ts'
import * as sys from '../sys/index.ts'
import { findInit, type RunningContainer } from './stop-container.ts'

/** Often enough for a hand that drags a window's corner; a look costs some microseconds. */
const pollMs = 100

/**
 * Keeps the container's console at the size of our own terminal (descriptor 0). It looks from time to time, since the
 * signal that tells of a change belongs to the command line. Returns what ends it.
 */
export function followTerminalSize(running: RunningContainer): () => void {
  let known = sys.terminalSize(0)
  const timer = setInterval(() => {
    const size = sys.terminalSize(0)
    if (size === undefined || (size.rows === known?.rows && size.columns === known.columns)) return
    const init = findInit(running)
    if (init === undefined) return
    known = size
    resizeConsole(init, size)
  }, pollMs)
  return () => clearInterval(timer)
}

/** The container may have put anything in the place of its console, so it is opened inside its root, and must be a terminal. */
export function resizeConsole(init: number, size: sys.TerminalSize): void {
  const fds: number[] = []
  try {
    const root = openSync(`/proc/${init}/root`, sys.O_PATH | constants.O_DIRECTORY)
    fds.push(root)
    const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | sys.O_CLOEXEC
    const console = sys.openat2(root, 'dev/console', flags, 0, sys.RESOLVE_IN_ROOT | sys.RESOLVE_NO_MAGICLINKS)
    fds.push(console)
    if (sys.terminalSize(console) !== undefined) sys.setTerminalSize(console, size)
  } catch (error) {
    // The container ended meanwhile, or has no console any more: then it has no use for a size.
    if (errnoCode(error) === undefined) throw error
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}

/** Majors of the second side of pseudo terminals (Documentation/admin-guide/devices.txt). */
const terminalMajors = { first: 136, last: 143 }

/** Sets the size of the terminal that process `pid` has as stdin, when it has one. */
export function resizeInputTerminal(pid: number, size: sys.TerminalSize): void {
  const fds: number[] = []
  try {
    // Looked at before it is opened for use: the container may have put anything there.
    const found = openSync(`/proc/${pid}/fd/0`, sys.O_PATH)
    fds.push(found)
    const { major } = sys.splitDevice(fstatSync(found, { bigint: true }).rdev)
    if (major < terminalMajors.first || major > terminalMajors.last) return
    const terminal = openSync(`/proc/self/fd/${found}`, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
    fds.push(terminal)
    sys.setTerminalSize(terminal, size)
  } catch (error) {
    // It has ended meanwhile.
    if (errnoCode(error) === undefined) throw error
  } finally {
    for (const fd of fds) closeSync(fd)
  }
}
