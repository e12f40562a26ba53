import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { ToolError } from '../base/index.ts'
import { applyFirewall } from './firewall.ts'
import { defaultRoute } from './host-routes.ts'
import { chooseSubnet, firstFree, formatIpv4, formatSubnet, parseIpv4, parseSubnet, type Subnet } from './ipv4.ts'
import { bridgeDevice, cableDevice, type Lease, type NetworkRecord, shortHash } from './network-record.ts'
import type { NetworkFacts, NetworkPrograms } from './network-request.ts'
import type { NetworkStore } from './network-store.ts'
import { runProgram, tryProgram } from './run-program.ts'

/** Where bridges are made: in the machine's own network namespace, or in the one that a user's networks share. */
export interface BridgePlace {
  readonly facts: NetworkFacts
  /** Words before `ip` that enter the place. */
  readonly prefix: readonly string[]
  /** Whether addresses are translated and ports published there by the kernel. */
  readonly hasFirewall: boolean
}

/** What a new network may be told. */
export interface NetworkWishes {
  readonly name: string
  readonly subnet?: string
  readonly gateway?: string
  readonly internal: boolean
  readonly labels: Readonly<Record<string, string>>
}

/** The record of a new network: the subnet asked for, or one that overlaps no route and no other network. Throws `ToolError` `usage`. */
export function planRecord(
  wishes: NetworkWishes,
  others: readonly NetworkRecord[],
  routes: readonly Subnet[],
  created: string,
): NetworkRecord {
  const taken = [...others.flatMap(({ subnet }) => parseSubnet(subnet) ?? []), ...routes]
  const { name, internal, labels } = wishes
  const subnet = wishes.subnet === undefined ? chooseSubnet(taken) : askedSubnet(wishes.subnet, others)
  if (subnet === undefined) {
    throw new ToolError('usage', 'all subnets of 10.210.0.0/16 are taken', {
      hint: 'give one: longshore network create --subnet 10.9.0.0/24 NAME; or remove networks: longshore network prune',
    })
  }
  const gateway = wishes.gateway ?? formatIpv4(subnet.base + 1)
  checkAddress('--gateway', gateway, subnet)
  return {
    ...{ name, created, internal, labels, gateway },
    id: randomBytes(32).toString('hex'),
    subnet: formatSubnet(subnet),
  }
}

function askedSubnet(text: string, others: readonly NetworkRecord[]): Subnet {
  const subnet = parseSubnet(text)
  if (subnet === undefined || subnet.prefixLength > 30 || subnet.prefixLength < 8) {
    throw new ToolError('usage', `"${text}" is not a subnet for containers`, {
      hint: 'give an IPv4 network of 8 to 30 bits: --subnet 10.9.0.0/24',
    })
  }
  const clash = others.find((other) => {
    const theirs = parseSubnet(other.subnet)
    return theirs !== undefined && (within(theirs, subnet) || within(subnet, theirs))
  })
  if (clash === undefined) return subnet
  throw new ToolError('usage', `the subnet ${text} overlaps that of the network "${clash.name}", ${clash.subnet}`, {
    hint: 'leave --subnet out and a free one is taken',
  })
}

function within(outer: Subnet, inner: Subnet): boolean {
  return inner.base >= outer.base && inner.base < outer.base + 2 ** (32 - outer.prefixLength)
}

function checkAddress(flag: string, address: string, subnet: Subnet): void {
  const number = parseIpv4(address)
  const last = subnet.base + 2 ** (32 - subnet.prefixLength) - 1
  if (number !== undefined && number > subnet.base && number < last) return
  throw new ToolError('usage', `${flag} ${address} is no address of the subnet ${formatSubnet(subnet)}`, {
    hint: `give one from ${formatIpv4(subnet.base + 1)} to ${formatIpv4(last - 1)}`,
  })
}

/** An address for a container: the one asked for, or the first that nobody has. Throws `ToolError` `usage` when it is taken or there is none left. */
export function chooseAddress(record: NetworkRecord, leases: readonly Lease[], asked: string | undefined): string {
  const subnet = parseSubnet(record.subnet)
  if (subnet === undefined) throw new ToolError('store-corrupt', `the network "${record.name}" has no subnet`)
  if (asked !== undefined) {
    checkAddress('--ip', asked, subnet)
    const holder = asked === record.gateway ? 'the gateway' : leases.find(({ address }) => address === asked)?.names[0]
    if (holder === undefined) return asked
    throw new ToolError('usage', `--ip ${asked} is taken by ${holder}`, {
      hint: 'leave --ip out and a free one is taken',
    })
  }
  const taken = new Set([record.gateway, ...leases.map(({ address }) => address)].map((text) => parseIpv4(text) ?? 0))
  const free = firstFree(subnet, taken)
  if (free !== undefined) return formatIpv4(free)
  throw new ToolError('network-failed', `all addresses of the network "${record.name}" (${record.subnet}) are taken`, {
    hint: 'make a network with a larger --subnet',
  })
}

/** Makes the bridge of a network when it is not there. Throws `ToolError` `network-failed`. */
export function ensureBridge(root: string, record: NetworkRecord, place: BridgePlace): void {
  const device = bridgeDevice(root, record)
  if (runIp(place, ['link', 'show', 'dev', device], undefined) !== undefined) return
  const bits = record.subnet.slice(record.subnet.indexOf('/'))
  const lines = [
    `link add ${device} mtu ${outwardMtu()} type bridge`,
    `addr add ${record.gateway}${bits} dev ${device}`,
    `link set ${device} up`,
  ]
  runIp(place, ['-batch', '-'], `make the bridge of the network "${record.name}"`, lines.join('\n'))
  if (place.hasFirewall && !record.internal) allowForwarding()
}

/** Bytes of a packet that the machine's way out takes, so that containers need not find out. */
function outwardMtu(): number {
  const device = defaultRoute()?.device
  return device === undefined ? 1500 : Number(readFileSync(`/sys/class/net/${device}/mtu`, 'latin1'))
}

/** Packets of containers are forwarded by the machine; where it does not, it is made to, as docker and podman do. */
function allowForwarding(): void {
  const file = '/proc/sys/net/ipv4/ip_forward'
  if (readFileSync(file, 'latin1').trim() === '0') writeFileSync(file, '1')
}

/** The cable from a network's bridge into the namespace at `namespace`. Throws `ToolError` `network-failed`. */
export function plugIn(
  root: string,
  record: NetworkRecord,
  lease: Omit<Lease, 'ports' | 'hostsFile' | 'owner'>,
  place: BridgePlace,
  isDefaultRoute: boolean,
): void {
  const cable = cableDevice(root, record.name, lease.container)
  const what = `connect the container with the network "${record.name}"`
  // What a container of this ID left when its owner was killed.
  runIp(place, ['link', 'del', cable], undefined)
  const outside = [
    `link add ${cable} mtu ${outwardMtu()} type veth peer name ${lease.device} mtu ${outwardMtu()} address ${lease.macAddress} netns ${lease.namespace}`,
    `link set ${cable} master ${bridgeDevice(root, record)} up`,
  ]
  runIp(place, ['-batch', '-'], what, outside.join('\n'))
  const bits = record.subnet.slice(record.subnet.indexOf('/'))
  const inside = [
    `addr add ${lease.address}${bits} broadcast + dev ${lease.device}`,
    `link set ${lease.device} up`,
    ...(isDefaultRoute && !record.internal ? [`route add default via ${record.gateway}`] : []),
  ]
  runInNamespace(lease.namespace, place.facts.programs, what, inside)
}

/** Runs lines of ip(8) in a network namespace. Throws `ToolError` `network-failed`. */
export function runInNamespace(path: string, programs: NetworkPrograms, what: string, lines: readonly string[]): void {
  const args = [`--net=${path}`, '--', programs.ip ?? 'ip', '-batch', '-']
  runProgram(what, programs.nsenter, args, `${lines.join('\n')}\n`)
}

/** Takes a container's cable away; nothing happens when it is gone. */
export function unplug(root: string, network: string, container: string, place: BridgePlace): void {
  runIp(place, ['link', 'del', cableDevice(root, network, container)], undefined)
}

/** Removes bridges that nobody uses, and writes the rules of those that are used. Call it with the store locked. */
export function settleBridges(store: NetworkStore, place: BridgePlace): void {
  const used = store.networks().filter((record) => {
    if (store.leases(record.name).length > 0) return true
    runIp(place, ['link', 'del', bridgeDevice(store.root, record)], undefined)
    return false
  })
  if (!place.hasFirewall) return
  const bridges = used.map((record) => ({
    device: bridgeDevice(store.root, record),
    subnet: record.subnet,
    internal: record.internal,
    published: store.leases(record.name).filter(({ ports }) => ports.length > 0),
  }))
  applyFirewall({ key: shortHash(store.root), bridges }, place.facts)
}

/** Runs ip(8) in the place; without `what` a failure gives undefined. */
function runIp(
  { facts, prefix }: BridgePlace,
  args: readonly string[],
  what: string | undefined,
  input = '',
): string | undefined {
  const [program, ...rest] = [...prefix, facts.programs.ip ?? 'ip', ...args]
  if (what !== undefined) return runProgram(what, program, rest, input)
  const result = tryProgram(program, rest, input)
  return result.succeeded ? result.stdout : undefined
}
