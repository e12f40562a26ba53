import { parseIpv4 } from './ipv4.ts'
import type { NetworkFacts } from './network-request.ts'
import type { PortMapping } from './port-mapping.ts'
import { runProgram, tryProgram } from './run-program.ts'

/** What the rules of a store are made of: all its bridges and who is in them. Rules are always written as a whole. */
export interface FirewallState {
  /** A name of the store's own, of [a-z0-9]. */
  readonly key: string
  readonly bridges: readonly BridgeRules[]
}

export interface BridgeRules {
  readonly device: string
  readonly subnet: string
  readonly internal: boolean
  readonly published: readonly { readonly address: string; readonly ports: readonly PortMapping[] }[]
}

/**
 * Replaces the rules of a store, or takes them away when it has no bridge. They lie in a table (nft) or in chains
 * (iptables) of their own. Throws `ToolError` `network-failed`.
 */
export function applyFirewall(state: FirewallState, facts: NetworkFacts): void {
  const { nft, iptables, iptablesRestore } = facts.programs
  if (state.bridges.length === 0) {
    // Either may have been what the rules were made with.
    if (iptables !== undefined) removeIptables(iptables, state.key)
    if (nft !== undefined) runProgram('remove the rules of the firewall', nft, ['-f', '-'], nftScript(state))
    return
  }
  if (facts.firewall === 'nft') {
    runProgram('set the rules of the firewall', nft, ['-f', '-'], nftScript(state))
    return
  }
  runProgram('set the rules of the firewall', iptablesRestore, ['-w', '--noflush'], iptablesScript(state))
  for (const [table, chain, ...match] of iptablesJumps(state.key)) {
    const rule = [chain, ...match]
    if (tryProgram(iptables, ['-w', '-t', table, '-C', ...rule]).succeeded) continue
    runProgram('set the rules of the firewall', iptables, ['-w', '-t', table, '-I', ...rule])
  }
}

/**
 * Input of nft(8). Ports are translated for packets from outside and for the machine's own, but for those to its
 * loopback addresses and from the bridge itself, which a relay takes: an answer past the machine would not be understood.
 * Nobody outside is routed into a bridge but to published ports.
 */
export function nftScript({ key, bridges }: FirewallState): string {
  const table = `table ip longshore_${key}`
  const fresh = `${table} {}\ndelete ${table}\n`
  if (bridges.length === 0) return fresh
  const nat = natRules(bridges).map(({ to, device, hostIp, protocol, hostPort }) => {
    const where = hostIp === '' ? 'fib daddr type local' : `ip daddr ${hostIp}`
    return { device, rule: `${where} ${protocol} dport ${hostPort} dnat to ${to}` }
  })
  const open = bridges.filter(({ internal }) => !internal)
  return `${fresh}${table} {
  chain prerouting { type nat hook prerouting priority dstnat; policy accept;
    ${nat.map(({ device, rule }) => `iifname != "${device}" ${rule}`).join('\n    ')}
  }
  chain output { type nat hook output priority -100; policy accept;
    ${nat.map(({ rule }) => `ip daddr != 127.0.0.0/8 ${rule}`).join('\n    ')}
  }
  chain postrouting { type nat hook postrouting priority srcnat; policy accept;
    ${open.map(({ device, subnet }) => `ip saddr ${subnet} oifname != "${device}" masquerade`).join('\n    ')}
  }
  chain forward { type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ${bridges.flatMap(nftForward).join('\n    ')}
  }
}
`
}

function nftForward({ device, internal }: BridgeRules): readonly string[] {
  const within = `iifname "${device}" oifname "${device}" accept`
  if (internal) return [within, `iifname "${device}" drop`, `oifname "${device}" drop`]
  return [within, `oifname "${device}" ct status dnat accept`, `oifname "${device}" drop`]
}

interface NatRule extends PortMapping {
  readonly to: string
  /** The bridge it leads to. */
  readonly device: string
}

/** Published ports that the kernel translates: those of IPv4 addresses that are not loopback ones. */
function natRules(bridges: readonly BridgeRules[]): readonly NatRule[] {
  return bridges
    .filter(({ internal }) => !internal)
    .flatMap(({ device, published }) => published.map((member) => ({ ...member, device })))
    .flatMap(({ device, address, ports }) =>
      ports.map((port) => ({ ...port, device, to: `${address}:${port.containerPort}` })),
    )
    .map((port) => (port.hostIp === '0.0.0.0' ? { ...port, hostIp: '' } : port))
    .filter(({ hostIp }) => hostIp === '' || (parseIpv4(hostIp) !== undefined && !hostIp.startsWith('127.')))
}

/** Input of iptables-restore(8) with --noflush: it empties the chains it names, and fills them. The same rules as nft's. */
export function iptablesScript({ key, bridges }: FirewallState): string {
  const { ports, sources, forward } = chainsOf(key)
  const nat = natRules(bridges).map(({ to, device, hostIp, protocol, hostPort }) => {
    const where = hostIp === '' ? '' : `-d ${hostIp} `
    return `-A ${ports} ! -i ${device} ${where}-p ${protocol} -m ${protocol} --dport ${hostPort} -j DNAT --to-destination ${to}`
  })
  const masquerade = bridges
    .filter(({ internal }) => !internal)
    .map(({ device, subnet }) => `-A ${sources} -s ${subnet} ! -o ${device} -j MASQUERADE`)
  const filter = bridges.flatMap(({ device, internal }) => [
    `-A ${forward} -o ${device} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `-A ${forward} -i ${device} -o ${device} -j ACCEPT`,
    ...(internal ? [] : [`-A ${forward} -o ${device} -m conntrack --ctstate DNAT -j ACCEPT`]),
    `-A ${forward} -o ${device} -j DROP`,
    ...(internal ? [`-A ${forward} -i ${device} -j DROP`] : []),
  ])
  // What leaves a bridge must pass what another one forbids to enter it, so it is allowed last.
  const leave = bridges.filter(({ internal }) => !internal).map(({ device }) => `-A ${forward} -i ${device} -j ACCEPT`)
  const lines = ['*nat', `:${ports} - [0:0]`, `:${sources} - [0:0]`, ...nat, ...masquerade, 'COMMIT']
  return `${[...lines, '*filter', `:${forward} - [0:0]`, ...filter, ...leave, 'COMMIT'].join('\n')}\n`
}

function chainsOf(key: string): { readonly ports: string; readonly sources: string; readonly forward: string } {
  return { ports: `LS-${key}-PORTS`, sources: `LS-${key}-OUT`, forward: `LS-${key}-FWD` }
}

function iptablesJumps(key: string): readonly (readonly [table: string, chain: string, ...match: string[]])[] {
  const { ports, sources, forward } = chainsOf(key)
  const local = ['-m', 'addrtype', '--dst-type', 'LOCAL', '-j', ports]
  return [
    ['nat', 'PREROUTING', ...local],
    ['nat', 'OUTPUT', '!', '-d', '127.0.0.0/8', ...local],
    ['nat', 'POSTROUTING', '-j', sources],
    ['filter', 'FORWARD', '-j', forward],
  ]
}

function removeIptables(iptables: string, key: string): void {
  const { ports, sources, forward } = chainsOf(key)
  if (!tryProgram(iptables, ['-w', '-n', '-t', 'nat', '-L', ports]).succeeded) return
  for (const [table, chain, ...match] of iptablesJumps(key)) {
    tryProgram(iptables, ['-w', '-t', table, '-D', chain, ...match])
  }
  for (const [table, chain] of [
    ['nat', ports],
    ['nat', sources],
    ['filter', forward],
  ] as const) {
    tryProgram(iptables, ['-w', '-t', table, '-F', chain])
    tryProgram(iptables, ['-w', '-t', table, '-X', chain])
  }
}
