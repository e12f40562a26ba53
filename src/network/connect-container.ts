import { ToolError } from '../base/index.ts'
import type { BridgePlace } from './bridge.ts'
import { joinNetwork, leaveNetwork } from './bridge-network.ts'
import type { Lease } from './network-record.ts'
import type { NetworkFacts } from './network-request.ts'
import type { NetworkStore } from './network-store.ts'

/**
 * Puts a running container that has a network of its own into a further one. Throws `ToolError`: `network-not-found`,
 * `container-not-found`, `usage` when it is in it, `not-supported` for ordinary users, whose helpers cannot be joined later.
 */
export async function connectContainer(
  store: NetworkStore,
  facts: NetworkFacts,
  reference: string,
  container: string,
  wishes: { readonly aliases: readonly string[]; readonly address?: string },
): Promise<Lease> {
  const record = store.find(reference)
  const place = requirePlace(facts)
  const leases = leasesOf(store, container)
  const [first] = leases
  if (first === undefined) throw notConnected(container)
  if (leases.some(({ network }) => network === record.name)) {
    throw new ToolError('usage', `the container "${container}" is in the network "${record.name}" already`)
  }
  const { lease } = first
  const [name = container] = lease.names
  return joinNetwork(
    store,
    {
      network: record.name,
      container: lease.container,
      names: [...new Set([name, lease.container.slice(0, 12), ...wishes.aliases])],
      ...(wishes.address === undefined ? {} : { address: wishes.address }),
      device: freeDevice(leases.map((one) => one.lease.device)),
      isDefaultRoute: false,
      ports: [],
      hostsFile: lease.hostsFile,
      ownerPid: lease.owner.pid,
      namespace: lease.namespace,
    },
    place,
  )
}

/** Takes a running container out of a network; returns its ID. Throws `ToolError` as `connectContainer` does. */
export async function disconnectContainer(
  store: NetworkStore,
  facts: NetworkFacts,
  reference: string,
  container: string,
): Promise<string> {
  const record = store.find(reference)
  const place = requirePlace(facts)
  const found = leasesOf(store, container).find(({ network }) => network === record.name)
  if (found === undefined) {
    throw new ToolError('container-not-found', `the container "${container}" is not in the network "${record.name}"`, {
      hint: `see who is: longshore network inspect ${record.name}`,
    })
  }
  await leaveNetwork(store, record.name, found.lease.container, place)
  return found.lease.container
}

function requirePlace(facts: NetworkFacts): BridgePlace {
  if (facts.isRoot) return { facts, prefix: [], hasFirewall: true }
  throw new ToolError('not-supported', 'running containers of an ordinary user cannot change their networks', {
    hint: 'remove the container and run it again with --network NAME',
  })
}

function notConnected(container: string): ToolError {
  return new ToolError('container-not-found', `no container "${container}" runs with a network of its own`, {
    hint: 'see what runs: longshore ps; one with --network host or none cannot be connected',
  })
}

interface PlacedLease {
  readonly network: string
  readonly lease: Lease
}

/** The leases of a container, by name, ID or the beginning of an ID. */
function leasesOf(store: NetworkStore, container: string): readonly PlacedLease[] {
  return store
    .networks()
    .flatMap(({ name }) => store.leases(name).map((lease) => ({ network: name, lease })))
    .filter(({ lease }) => lease.names[0] === container || lease.container.startsWith(container))
}

function freeDevice(taken: readonly string[]): string {
  let number = 0
  while (taken.includes(`eth${number}`)) number += 1
  return `eth${number}`
}
