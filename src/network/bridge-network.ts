import { join } from 'node:path'
import { invariant } from '../base/index.ts'
import { markProcess } from '../sys/index.ts'
import { type BridgePlace, chooseAddress, ensureBridge, planRecord, plugIn, settleBridges, unplug } from './bridge.ts'
import { routedSubnets } from './host-routes.ts'
import { type HostsEntry, updateHosts } from './hosts-file.ts'
import { type Lease, macOf, type NetworkRecord } from './network-record.ts'
import type { NetworkFacts } from './network-request.ts'
import type { NetworkStore } from './network-store.ts'
import type { PortMapping } from './port-mapping.ts'

/** What a container wants of one network. */
export interface Membership {
  readonly network: string
  readonly container: string
  /** The container's own name first. */
  readonly names: readonly string[]
  readonly address?: string
  readonly device: string
  /** Whether the way out of the container leads through this network. */
  readonly isDefaultRoute: boolean
  readonly ports: readonly PortMapping[]
  readonly hostsFile: string
  readonly ownerPid: number
  /** A path that reaches the container's network namespace from everywhere on the machine. */
  readonly namespace: string
}

/**
 * Connects a container's namespace with a network: address, cable, rules, names in the hosts files of the others. What
 * dead owners left is swept first. Throws `ToolError`; nothing is left then.
 */
export function joinNetwork(store: NetworkStore, membership: Membership, place: BridgePlace): Promise<Lease> {
  return store.locked(() => {
    store.removeDeadLeases()
    const record = recordOf(store, membership.network)
    const owner = markProcess(membership.ownerPid)
    invariant(owner !== undefined, 'the owner of a network lives')
    const address = chooseAddress(record, store.leases(record.name), membership.address)
    const { container, names, device, ports, hostsFile, namespace } = membership
    const lease = { container, names, device, ports, hostsFile, namespace, owner, address, macAddress: macOf(address) }
    store.writeLease(record.name, lease)
    try {
      ensureBridge(store.root, record, place)
      plugIn(store.root, record, lease, place, membership.isDefaultRoute)
      settleBridges(store, place)
    } catch (error) {
      store.removeLease(record.name, container)
      unplug(store.root, record.name, container, place)
      settleBridges(store, place)
      throw error
    }
    publishNames(store)
    return lease
  })
}

/** Takes a container out of a network. No error when it is not in it. */
export function leaveNetwork(
  store: NetworkStore,
  network: string,
  container: string,
  place: BridgePlace,
): Promise<void> {
  return store.locked(() => {
    store.removeLease(network, container)
    unplug(store.root, network, container, place)
    store.removeDeadLeases()
    settleBridges(store, place)
    publishNames(store)
  })
}

/**
 * Removes what dead owners left: leases, bridges, rules, names. Before a network is removed it must be done, for a bridge
 * whose network nobody knows would stay. As a user they went with the keeper of the shared namespace.
 */
export function sweepNetworks(store: NetworkStore, facts: NetworkFacts): Promise<void> {
  return store.locked(() => {
    if (!store.removeDeadLeases()) return
    if (facts.isRoot) settleBridges(store, { facts, prefix: [], hasFirewall: true })
    publishNames(store)
  })
}

/** The default network is made when it is first used. */
function recordOf(store: NetworkStore, name: string): NetworkRecord {
  if (name !== 'bridge' || store.has(name)) return store.find(name)
  const wishes = { name, internal: false, labels: {} }
  const record = planRecord(wishes, store.networks(), routedSubnets(), new Date().toISOString())
  store.write(record)
  return record
}

/** Names of the containers that share a user network, in the hosts file of each. The default network has none, as docker's. */
function publishNames(store: NetworkStore): void {
  const members = new Map<string, Map<string, HostsEntry>>()
  for (const { name } of store.networks()) {
    const leases = store.leases(name)
    for (const { hostsFile, container } of leases) {
      const entries = members.get(hostsFile) ?? new Map<string, HostsEntry>()
      members.set(hostsFile, entries)
      if (name === 'bridge') continue
      for (const lease of leases) {
        if (lease.container !== container) entries.set(lease.address, { address: lease.address, names: lease.names })
      }
    }
  }
  for (const [file, entries] of members) updateHosts(file, [...entries.values()])
}

/** The namespace of `ownerPid`'s container at `path`, as other processes of the machine reach it. */
export function reachablePath(ownerPid: number, path: string): string {
  return join(`/proc/${ownerPid}/root`, path)
}
