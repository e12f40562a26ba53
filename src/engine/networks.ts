import { ToolError } from '../base/index.ts'
import {
  connectContainer,
  createNetwork,
  disconnectContainer,
  type Lease,
  type NetworkFacts,
  type NetworkRecord,
  type NetworkStore,
  type NetworkWishes,
  openNetworkStore,
  probeNetwork,
  pruneNetworks,
  removeNetwork,
  sweepNetworks,
} from '../network/index.ts'
import { findProgram } from './find-program.ts'
import { type Host, storeRoot } from './host.ts'
import type { JsonValue } from './inspect-image.ts'
import { recordEvent } from './record-event.ts'

/** What commands about networks work with. */
export interface NetworkRoom {
  readonly host: Host
  readonly networks: NetworkStore
}

export function openNetworkRoom(host: Host, root: string | undefined): NetworkRoom {
  return { host, networks: openNetworkStore(storeRoot(host, root)) }
}

/** What this machine offers to this user. */
export function networkFacts(host: Host): NetworkFacts {
  const find = (name: string): string | undefined => findProgram(name, host.env['PATH'])
  return probeNetwork({ find, uid: host.uid, inUserNamespace: host.inUserNamespace })
}

/** A line of `network ls`. */
export interface ListedNetwork {
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly created: string
  readonly internal: boolean
  readonly labels: Readonly<Record<string, string>>
}

/** All networks, those that there always are too. Filters as docker's: `name=`, `id=`, `driver=`, `label=`, `type=`, `dangling=`. Throws `ToolError` `usage`. */
export function listNetworks({ networks }: NetworkRoom, filters: readonly string[]): readonly ListedNetwork[] {
  const made = networks.networks().map((record): ListedNetwork => ({ ...record, driver: 'bridge' }))
  const always = ['bridge', 'host', 'none']
    .filter((name) => !made.some((one) => one.name === name))
    .map((name): ListedNetwork => {
      const driver = name === 'none' ? 'null' : name
      return { id: '', name, driver, created: '', internal: false, labels: {} }
    })
  const tests = filters.map((filter) => filterTest(networks, filter))
  return [...always, ...made]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .filter((one) => tests.every((test) => test(one)))
}

function filterTest(networks: NetworkStore, filter: string): (network: ListedNetwork) => boolean {
  const [, key = '', value = ''] = /^([a-z]+)=(.*)$/.exec(filter) ?? []
  switch (key) {
    case 'name':
      return ({ name }) => name.includes(value)
    case 'id':
      return ({ id }) => id !== '' && id.startsWith(value)
    case 'driver':
      return ({ driver }) => driver === value
    case 'label': {
      const [name = '', wanted] = value.split('=', 2)
      return ({ labels }) => (wanted === undefined ? Object.hasOwn(labels, name) : labels[name] === wanted)
    }
    case 'type':
      return ({ name }) => (value === 'builtin') === ['bridge', 'host', 'none'].includes(name)
    case 'dangling':
      return ({ name, id }) =>
        (value === 'true') === (id !== '' && name !== 'bridge' && networks.leases(name).length === 0)
    default:
      throw new ToolError('usage', `there is no filter "${filter}" of networks`, {
        hint: 'there are name=, id=, driver=, label=K[=V], type=builtin|custom and dangling=true|false',
      })
  }
}

/** A network in the fields of docker's `network inspect`. Throws `ToolError` `network-not-found`. */
export function inspectNetwork(room: NetworkRoom, reference: string): { readonly [name: string]: JsonValue } {
  const builtin = listNetworks(room, []).find(({ name, id }) => name === reference && id === '')
  if (builtin !== undefined) return inspected(builtin, undefined, [])
  const record = room.networks.find(reference)
  return inspected({ ...record, driver: 'bridge' }, record, room.networks.leases(record.name))
}

function inspected(
  network: ListedNetwork,
  record: NetworkRecord | undefined,
  leases: readonly Lease[],
): { readonly [name: string]: JsonValue } {
  const bits = record === undefined ? '' : record.subnet.slice(record.subnet.indexOf('/'))
  const config = record === undefined ? [] : [{ Subnet: record.subnet, Gateway: record.gateway }]
  const containers = leases.map(({ container, names, address, macAddress }) => [
    container,
    { Name: names[0] ?? '', MacAddress: macAddress, IPv4Address: `${address}${bits}` },
  ])
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Config: config },
    Internal: network.internal,
    Containers: Object.fromEntries(containers),
    Options: {},
    Labels: network.labels,
  }
}

/** Makes a network; returns its ID. */
export async function makeNetwork(room: NetworkRoom, wishes: NetworkWishes): Promise<string> {
  const { host, networks } = room
  const record = await createNetwork(networks, wishes, new Date(host.nowMs()).toISOString())
  recordNetwork(room, record, 'create')
  return record.id
}

/** Removes a network; returns its name. Throws `ToolError` as `removeNetwork` does. */
export async function deleteNetwork(room: NetworkRoom, reference: string): Promise<string> {
  const { host, networks } = room
  await sweepNetworks(networks, networkFacts(host))
  const known = networks.networks()
  const name = await removeNetwork(networks, reference)
  for (const record of known) if (record.name === name) recordNetwork(room, record, 'destroy')
  return name
}

/** Removes the networks that no container uses; returns their names. Filters as with `listNetworks`. */
export async function deleteUnusedNetworks(room: NetworkRoom, filters: readonly string[]): Promise<readonly string[]> {
  await sweepNetworks(room.networks, networkFacts(room.host))
  const chosen = new Set(listNetworks(room, filters).map(({ name }) => name))
  const known = room.networks.networks()
  const gone = await pruneNetworks(room.networks, ({ name }) => chosen.has(name))
  for (const record of known) if (gone.includes(record.name)) recordNetwork(room, record, 'destroy')
  return gone
}

/** Puts a running container into a network. Throws `ToolError`; `not-supported` for an ordinary user. */
export async function connectToNetwork(
  room: NetworkRoom,
  network: string,
  container: string,
  wishes: { readonly aliases: readonly string[]; readonly address?: string },
): Promise<void> {
  const lease = await connectContainer(room.networks, networkFacts(room.host), network, container, wishes)
  recordNetwork(room, room.networks.find(network), 'connect', lease.container)
}

/** Takes a running container out of a network. Throws `ToolError`. */
export async function disconnectFromNetwork(room: NetworkRoom, network: string, container: string): Promise<void> {
  const left = await disconnectContainer(room.networks, networkFacts(room.host), network, container)
  recordNetwork(room, room.networks.find(network), 'disconnect', left)
}

function recordNetwork(
  { host, networks }: NetworkRoom,
  { id, name }: Pick<NetworkRecord, 'id' | 'name'>,
  action: 'create' | 'destroy' | 'connect' | 'disconnect',
  container?: string,
): void {
  const attributes = { name, type: 'bridge', ...(container === undefined ? {} : { container }) }
  recordEvent(networks.root, host, { type: 'network', action, id, attributes })
}
