import { readFileSync } from 'node:fs'
import type { Confinement } from '../ports/index.ts'

/** What a container's root may do: Docker's default set (users of images rely on each of them), by bit number. */
const containerCapabilities: readonly (readonly [name: string, bit: number])[] = [
  ['CAP_CHOWN', 0],
  ['CAP_DAC_OVERRIDE', 1],
  ['CAP_FOWNER', 3],
  ['CAP_FSETID', 4],
  ['CAP_KILL', 5],
  ['CAP_SETGID', 6],
  ['CAP_SETUID', 7],
  ['CAP_SETPCAP', 8],
  ['CAP_NET_BIND_SERVICE', 10],
  ['CAP_NET_RAW', 13],
  ['CAP_SYS_CHROOT', 18],
  ['CAP_MKNOD', 27],
  ['CAP_AUDIT_WRITE', 29],
  ['CAP_SETFCAP', 31],
]

/** The others, up to those of Linux 5.9; capabilities(7). */
const furtherCapabilities: readonly (readonly [name: string, bit: number])[] = [
  ['CAP_DAC_READ_SEARCH', 2],
  ['CAP_LINUX_IMMUTABLE', 9],
  ['CAP_NET_BROADCAST', 11],
  ['CAP_NET_ADMIN', 12],
  ['CAP_IPC_LOCK', 14],
  ['CAP_IPC_OWNER', 15],
  ['CAP_SYS_MODULE', 16],
  ['CAP_SYS_RAWIO', 17],
  ['CAP_SYS_PTRACE', 19],
  ['CAP_SYS_PACCT', 20],
  ['CAP_SYS_ADMIN', 21],
  ['CAP_SYS_BOOT', 22],
  ['CAP_SYS_NICE', 23],
  ['CAP_SYS_RESOURCE', 24],
  ['CAP_SYS_TIME', 25],
  ['CAP_SYS_TTY_CONFIG', 26],
  ['CAP_LEASE', 28],
  ['CAP_AUDIT_CONTROL', 30],
  ['CAP_MAC_OVERRIDE', 32],
  ['CAP_MAC_ADMIN', 33],
  ['CAP_SYSLOG', 34],
  ['CAP_WAKE_ALARM', 35],
  ['CAP_BLOCK_SUSPEND', 36],
  ['CAP_AUDIT_READ', 37],
  ['CAP_PERFMON', 38],
  ['CAP_BPF', 39],
  ['CAP_CHECKPOINT_RESTORE', 40],
]

/** What is added to the default capabilities and taken from them: names, or `ALL`. */
export type CapabilityChanges = Pick<Confinement, 'capAdd' | 'capDrop'>
const noChanges: CapabilityChanges = { capAdd: [], capDrop: [] }

/**
 * Names (`CAP_…`) of the default capabilities, or of all for a `privileged` container, that this process itself has: a builder inside a container may have
 * been given fewer, and a runtime refuses to grant what its caller lacks.
 */
export function grantableCapabilities(privileged = false, changes: CapabilityChanges = noChanges): readonly string[] {
  const status = readFileSync('/proc/self/status', 'utf8')
  const permitted = BigInt(`0x${/^CapPrm:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  const all = [...containerCapabilities, ...furtherCapabilities]
  const { capAdd, capDrop } = changes
  const usual = privileged || capAdd.includes('ALL') ? all : capDrop.includes('ALL') ? [] : containerCapabilities
  const added = all.filter(([name]) => capAdd.includes(name) && !usual.some(([one]) => one === name))
  const wanted = [...usual, ...added].filter(([name]) => !capDrop.includes(name))
  return wanted.filter(([, bit]) => ((permitted >> BigInt(bit)) & 1n) === 1n).map(([name]) => name)
}

/** A user namespace made without newgidmap may not set groups at all (user_namespaces(7)). */
export function mayNotSetGroups(): boolean {
  return readFileSync('/proc/self/setgroups', 'latin1').trim() === 'deny'
}

/** True when group `gid` exists in our user namespace. */
export function isGroupMapped(gid: number): boolean {
  const ranges = readFileSync('/proc/self/gid_map', 'latin1').trim().split('\n')
  return ranges.some((line) => {
    const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number)
    return gid >= first && gid < first + count
  })
}
