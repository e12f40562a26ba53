import { readFileSync } from 'node:fs'

/** Clock ticks a second: the same on every Linux (USER_HZ). */
const ticks = 100

/** The columns of `ps -ef` for processes of this machine; those that ended meanwhile are left out. */
export function processTable(
  pids: readonly number[],
  nowMs: number,
): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0])
  const names = userNames()
  const rows = pids.flatMap((pid) => {
    const found = readProcess(pid)
    if (found === undefined) return []
    const { uid, parent, startTicks, cpuTicks, tty, command } = found
    const startedMs = nowMs - (uptime - startTicks / ticks) * 1000
    const percent = Math.floor((cpuTicks / ticks / Math.max(1, (nowMs - startedMs) / 1000)) * 100)
    const row = [
      names.get(uid) ?? uid,
      pid,
      parent,
      percent,
      clock(startedMs),
      tty,
      duration(cpuTicks / ticks),
      command,
    ]
    return [row.map(String)]
  })
  return { header: ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'], rows }
}

interface ProcessLine {
  readonly uid: string
  readonly parent: number
  readonly startTicks: number
  readonly cpuTicks: number
  readonly tty: string
  readonly command: string
}

function readProcess(pid: number): ProcessLine | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').replaceAll('\0', ' ')
    const device = Number(fields[4])
    return {
      uid: /^Uid:\s*(\d+)/m.exec(status)?.[1] ?? '',
      parent: Number(fields[1]),
      startTicks: Number(fields[19]),
      cpuTicks: Number(fields[11]) + Number(fields[12]),
      // Majors 136 to 143 are pseudo terminals.
      tty: device === 0 ? '?' : `pts/${(device & 0xff) | ((device >>> 12) & 0xfff00)}`,
      command: command === '' ? `[${name}]` : command,
    }
  } catch {
    // It ended between two looks.
    return undefined
  }
}

function userNames(): ReadonlyMap<string, string> {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  return new Map(lines.map((line) => line.split(':')).map(([name = '', , uid = '']) => [uid, name]))
}

function clock(timeMs: number): string {
  return new Date(timeMs).toTimeString().slice(0, 5)
}

function duration(seconds: number): string {
  const part = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return `${part(seconds / 3600)}:${part((seconds / 60) % 60)}:${part(seconds % 60)}`
}
