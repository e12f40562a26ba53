import { readFileSync } from 'node:fs'

/** A process that can be told from a later one of the same number, also after the machine was started again. */
export interface ProcessMark {
  readonly pid: number
  /** Clock ticks since boot, field 22 of /proc/PID/stat. */
  readonly startTime: string
  readonly bootId: string
}

/** The mark of process `pid`; undefined when there is none. */
export function markProcess(pid: number): ProcessMark | undefined {
  const startTime = startTimeOf(pid)
  return startTime === undefined ? undefined : { pid, startTime, bootId: bootId() }
}

export function isProcessAlive(mark: ProcessMark): boolean {
  return mark.bootId === bootId() && startTimeOf(mark.pid) === mark.startTime
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

/** The name in a stat line may hold anything but ends at the last parenthesis. Undefined for a zombie. */
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
