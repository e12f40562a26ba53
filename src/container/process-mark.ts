import { readFileSync } from 'node:fs'
import type { ProcessMark } from './container-state.ts'

/** The mark of process `pid` of this machine; undefined when there is none. */
export function markProcess(pid: number): ProcessMark | undefined {
  const startTime = startTimeOf(pid)
  return startTime === undefined ? undefined : { pid, startTime, bootId: bootId() }
}

/** Whether the marked process still runs. A number used again, and a machine started again, do not deceive it. */
export function isProcessAlive(mark: ProcessMark): boolean {
  return mark.bootId === bootId() && startTimeOf(mark.pid) === mark.startTime
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

/** Field 22 of /proc/PID/stat; the name in it may hold anything but ends at the last parenthesis. Undefined for a zombie. */
function startTimeOf(pid: number): string | undefined {
  let line: string
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    // It has ended, or may not be seen: then it is not ours.
    return undefined
  }
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}
