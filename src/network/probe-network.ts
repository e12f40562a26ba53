import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { errnoCode } from '../base/index.ts'
import { defaultRoute } from './host-routes.ts'
import type { NetworkFacts, NetworkPrograms, RungReport } from './network-request.ts'

/** Who asks what a machine offers. */
export interface NetworkProbe {
  /** Absolute path of a program of the machine, or undefined. */
  readonly find: (name: string) => string | undefined
  readonly uid: number
  readonly inUserNamespace: boolean
  /** Where the kernel's tunnel device is; /dev/net/tun unless a test says otherwise. */
  readonly tunnelDevice?: string
}

const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  pasta: 'passt',
  slirp4netns: 'slirp4netns',
}

/**
 * Looks which rungs this machine offers, and why not the others, with commands that mend it. Looks only: starts no
 * helper, for pasta waits for ever on a tunnel device that it may not open.
 */
export function probeNetwork(probe: NetworkProbe): NetworkFacts {
  const programs = findPrograms(probe.find)
  const isRoot = probe.uid === 0 && !probe.inUserNamespace
  const firewall = chooseFirewall(programs)
  const rungs = [
    bridgeReport(programs, isRoot, firewall),
    helperReport('pasta', programs, probe, isRoot),
    helperReport('slirp4netns', programs, probe, isRoot),
  ]
  return { rungs, programs, firewall, isRoot }
}

function findPrograms(find: NetworkProbe['find']): NetworkPrograms {
  const names = ['ip', 'nft', 'iptables', 'unshare', 'nsenter', 'mount', 'umount', 'setpriv', 'pasta', 'slirp4netns']
  const found = [...names.map((name) => [name, find(name)] as const), ['iptablesRestore', find('iptables-restore')]]
  return Object.fromEntries(found.filter(([, path]) => path !== undefined))
}

/**
 * nft, unless iptables forbids what is not allowed there, as docker does: an accept of ours in another table would not
 * help then.
 */
function chooseFirewall({ nft, iptables, iptablesRestore }: NetworkPrograms): NetworkFacts['firewall'] {
  const hasIptables = iptables !== undefined && iptablesRestore !== undefined
  if (nft === undefined) return hasIptables ? 'iptables' : undefined
  if (!hasIptables) return 'nft'
  const { stdout } = spawnSync(iptables, ['-w', '-S', 'FORWARD'], { encoding: 'utf8', cwd: '/', env: { LC_ALL: 'C' } })
  return /^-P FORWARD (DROP|REJECT)/m.test(stdout) ? 'iptables' : 'nft'
}

function bridgeReport(programs: NetworkPrograms, isRoot: boolean, firewall: NetworkFacts['firewall']): RungReport {
  const rung = 'bridge'
  if (!isRoot) return { rung, reason: 'only root makes bridges' }
  if (!hasCapability(12) || !hasCapability(21)) {
    return { rung, reason: 'this root may not make them (no CAP_NET_ADMIN or CAP_SYS_ADMIN)' }
  }
  const missing = lacking(programs, ['ip', 'nsenter', 'unshare'])
  if (missing !== undefined) return { rung, ...missing }
  if (firewall === undefined) {
    return { rung, reason: 'neither nft nor iptables is on PATH', mend: 'apt-get install nftables' }
  }
  return { rung }
}

function helperReport(
  rung: 'pasta' | 'slirp4netns',
  programs: NetworkPrograms,
  probe: NetworkProbe,
  isRoot: boolean,
): RungReport {
  if (rung === 'pasta' && isRoot) return { rung, reason: 'it gives root away, and may not join its namespaces then' }
  if (rung === 'pasta' && defaultRoute() === undefined) {
    return { rung, reason: "it needs the machine's default route, and there is none" }
  }
  const missing = lacking(programs, [rung, 'nsenter', 'unshare', 'setpriv'])
  if (missing !== undefined) return { rung, ...missing }
  const device = probe.tunnelDevice ?? '/dev/net/tun'
  try {
    accessSync(device, constants.R_OK | constants.W_OK)
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') {
      const make = 'mkdir -p /dev/net && mknod -m 0666 /dev/net/tun c 10 200'
      return { rung, reason: `${device} is not there`, mend: `sudo sh -c '${make}'` }
    }
    return { rung, reason: `${device} may not be opened by this user`, mend: `sudo chmod 0666 ${device}` }
  }
  return { rung }
}

function lacking(
  programs: NetworkPrograms,
  names: readonly (keyof NetworkPrograms)[],
): Pick<RungReport, 'reason' | 'mend'> | undefined {
  const missing = names.find((name) => programs[name] === undefined)
  if (missing === undefined) return undefined
  return {
    reason: `the program "${missing}" is not on PATH`,
    mend: `apt-get install ${packages[missing] ?? 'util-linux'}`,
  }
}

/** Whether this process has capability number `bit` in effect. */
function hasCapability(bit: number): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'
  return ((BigInt(`0x${effective}`) >> BigInt(bit)) & 1n) === 1n
}
