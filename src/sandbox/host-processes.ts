import { closeSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { errnoCode } from '../base/index.ts'
import * as sys from '../sys/index.ts'

interface ProcessStat {
  readonly state: string
  readonly parent: number
  /** Clock ticks since boot. */
  readonly startTime: string
}

/** Reads a line of /proc/PID/stat (proc(5)); the name in it may hold anything but ends at the last parenthesis. */
export function parseStat(line: string): ProcessStat {
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .trim()
    .split(' ')
  return { state: fields[0] ?? '', parent: Number(fields[1]), startTime: fields[19] ?? '' }
}

function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** Whether a process is running or stopped; undefined when it has ended, be it not yet waited for. */
export function processState(pid: number): 'running' | 'stopped' | undefined {
  const state = readStat(pid)?.state
  if (state === undefined || state === 'Z' || state === 'X') return undefined
  return state === 'T' || state === 't' ? 'stopped' : 'running'
}

/** Start time of a process in clock ticks since boot, which with its id names it for good; undefined when it has ended. */
export function processStartTime(pid: number): string | undefined {
  return processState(pid) === undefined ? undefined : readStat(pid)?.startTime
}

/** The process id at the start of a file; undefined while it is not written. */
export function readPid(file: string): number | undefined {
  try {
    const digits = /^\d+/.exec(readFileSync(file, 'latin1'))?.[0]
    return digits === undefined ? undefined : Number(digits)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** Ids of the living children of `pid`, of whichever of its threads (a Go program such as runc forks from any). */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
      return list
        .split(' ')
        .filter((id) => id !== '')
        .map(Number)
    })
  } catch (error) {
    if (!isGone(error)) throw error
  }
  // A kernel without CONFIG_PROC_CHILDREN, or a thread or the process has just ended: search everywhere.
  const ids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  return ids.filter((id) => readStat(id)?.parent === pid)
}

/** Identity of the file a process executes; undefined when it has ended, or may not be looked at yet. */
export function executableOf(pid: number): string | undefined {
  try {
    // A sealed copy in memory is how runc protects itself (CVE-2019-5736); no container starts with one.
    return readlinkSync(`/proc/${pid}/exe`).startsWith('/memfd:') ? undefined : fileIdentity(`/proc/${pid}/exe`)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** Device and inode of a file: a container's /bin/sh has the path of the host's, but not this. */
export function fileIdentity(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true })
  return `${dev}:${ino}`
}

/** Signals process `pid` if it is still the one that `isMeant` recognises; the check and the signal cannot race. */
export function signalProcess(pid: number, signal: NodeJS.Signals | number, isMeant: () => boolean): void {
  let fd: number
  try {
    fd = sys.openProcess(pid)
  } catch (error) {
    if (isGone(error)) return
    throw error
  }
  try {
    if (isMeant()) sys.signalProcess(fd, typeof signal === 'number' ? signal : constants.signals[signal])
  } catch (error) {
    if (!isGone(error)) throw error
  } finally {
    closeSync(fd)
  }
}

function isGone(error: unknown): boolean {
  const code = errnoCode(error)
  return code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES'
}
