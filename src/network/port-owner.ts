import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { PortMapping } from './port-mapping.ts'

/** Who has a port of this machine, as `nginx (process 812)`; undefined when that is not for us to see. */
export function portOwner({ hostPort, protocol }: Pick<PortMapping, 'hostPort' | 'protocol'>): string | undefined {
  const sockets = new Set(
    [protocol, `${protocol}6`].flatMap((table) => socketsOn(readTable(table), hostPort, protocol)),
  )
  if (sockets.size === 0) return undefined
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (holdsSocket(pid, sockets)) return `${commandOf(pid)} (process ${pid})`
  }
  return undefined
}

/** Links of /proc/PID/fd to the sockets that listen on a port, from a table of proc_net(5). */
export function socketsOn(table: string, port: number, protocol: 'tcp' | 'udp'): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  // 0A is TCP_LISTEN, 07 what an unconnected UDP socket has.
  const state = protocol === 'tcp' ? '0A' : '07'
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === state)
    .map((fields) => `socket:[${fields[9]}]`)
}

function readTable(name: string): string {
  try {
    return readFileSync(`/proc/net/${name}`, 'latin1')
  } catch {
    // A kernel without IPv6.
    return ''
  }
}

function holdsSocket(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`)))
  } catch {
    // It is another user's, or has ended.
    return false
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    // Closed in between.
    return ''
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    // It has ended in between.
    return 'a program'
  }
}
