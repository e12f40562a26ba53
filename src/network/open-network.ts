import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assertNever, errnoCode, invariant } from '../base/index.ts'
import type { BridgePlace } from './bridge.ts'
import { joinNetwork, leaveNetwork, reachablePath } from './bridge-network.ts'
import { startHelper } from './helper-process.ts'
import { type HostsEntry, hostsText } from './hosts-file.ts'
import type { Endpoint, Network, NetworkRoom } from './network.ts'
import { makeNetworkNamespace } from './network-namespace.ts'
import type { Lease } from './network-record.ts'
import type { NetworkPlan, NetworkRequest } from './network-request.ts'
import { openNetworkStore } from './network-store.ts'
import type { PortMapping } from './port-mapping.ts'
import { chooseFreePorts, openRelays } from './port-relay.ts'
import { readHostResolver, resolvText, serversOf } from './resolv-conf.ts'
import { sharedPlace } from './shared-namespace.ts'

const never = new Promise<string>(() => undefined)
const closed = async (): Promise<void> => undefined

/**
 * Connects a container as planned. Throws `ToolError`: `port-in-use`, `network-failed`, `usage`, `network-not-found`;
 * nothing is left then.
 */
export async function openNetwork(plan: NetworkPlan, room: NetworkRoom): Promise<Network> {
  mkdirSync(room.directory, { recursive: true, mode: 0o700 })
  const { request } = plan
  switch (plan.kind) {
    case 'host': {
      const hosts = `${readHostsFile()}${hostsText(request, [], [], '127.0.0.1')}`
      const asksForOther = request.dns.length + request.dnsSearch.length + request.dnsOptions.length > 0
      const own = readFileIfThere('/etc/resolv.conf')
      // Those on loopback addresses too: they are reached from here.
      const dns = request.dns.length > 0 ? request.dns : serversOf(own)
      const files = writeFiles(room, hosts, asksForOther ? resolvText({ ...request, dns }, own, undefined) : own)
      return { namespace: { kind: 'host' }, endpoints: [], ports: [], ...files, lost: never, close: closed }
    }
    case 'none': {
      const files = writeFiles(room, hostsText(request, [], [], undefined), '# this container has no network\n')
      return { namespace: { kind: 'none' }, endpoints: [], ports: [], ...files, lost: never, close: closed }
    }
    case 'container': {
      const { joined } = room
      invariant(joined !== undefined, 'the container whose network is joined was looked up')
      const { pid, ...files } = joined
      const namespace = { kind: 'path', path: `/proc/${pid}/ns/net` } as const
      return { namespace, endpoints: [], ports: [], ...files, lost: never, close: closed }
    }
    case 'bridge':
      return openBridge(plan.network, request, room)
    case 'helper':
      return openHelper(plan.helper, plan.network, request, room)
    default:
      return assertNever(plan)
  }
}

/** A stack of what must be undone, last first. */
class Undo {
  readonly #steps: (() => void | Promise<void>)[] = []

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step)
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step()
  }
}

/** Runs `work`, and what it has added to the stack when it fails. */
async function undoing<T>(work: (undo: Undo) => Promise<T>): Promise<T> {
  const undo = new Undo()
  try {
    return await work(undo)
  } catch (error) {
    await undo.run()
    throw error
  }
}

function openBridge(network: string, request: NetworkRequest, room: NetworkRoom): Promise<Network> {
  return undoing(async (undo) => {
    const store = openNetworkStore(room.root)
    const place: BridgePlace = { facts: room.facts, prefix: [], hasFirewall: true }
    const isInternal = store.has(network) && store.find(network).internal
    let address = ''
    const relays = await openRelays(isInternal ? [] : request.ports, () => address)
    undo.add(relays.close)
    const namespace = openNamespace(room, undo)
    const files = writeFiles(room, '', resolvText(request, readHostResolver(), undefined))
    const cable = { device: 'eth0', isDefaultRoute: true }
    const lease = await joinNetwork(store, membership(network, request, room, namespace, relays.ports, cable), place)
    undo.add(() => leaveNetwork(store, network, request.id, place))
    address = lease.address
    const endpoint = endpointOf(store.find(network), lease)
    writeHosts(files.hostsFile, request, [lease.address], endpoint.gateway)
    return {
      namespace: { kind: 'path', path: namespace },
      endpoints: [endpoint],
      ports: relays.ports,
      ...files,
      lost: never,
      close: () => undo.run(),
    }
  })
}

function openHelper(
  helper: 'pasta' | 'slirp4netns',
  network: string | undefined,
  request: NetworkRequest,
  room: NetworkRoom,
): Promise<Network> {
  return undoing(async (undo) => {
    const store = openNetworkStore(room.root)
    const record = network === undefined ? undefined : store.find(network)
    const ports = record?.internal === true ? [] : await chooseFreePorts(request.ports)
    const namespace = openNamespace(room, undo)
    const endpoints: Endpoint[] = []
    const files = writeFiles(room, '', '')
    if (record !== undefined) {
      const place = await sharedPlace(room.root, room.facts)
      // The helper's interface is the first, and the way out.
      const cable = { device: record.internal ? 'eth0' : 'eth1', isDefaultRoute: false }
      const lease = await joinNetwork(store, membership(record.name, request, room, namespace, ports, cable), place)
      undo.add(() => leaveNetwork(store, record.name, request.id, place))
      endpoints.push(endpointOf(record, lease))
    }
    const helperProcess =
      record?.internal === true
        ? undefined
        : await startHelper(helper, wishes(request, room, namespace, ports), room.facts.programs)
    if (helperProcess !== undefined) undo.add(helperProcess.close)
    writeFileSync(files.resolvFile, resolvText(request, readHostResolver(), helperProcess?.nameServer))
    writeHosts(
      files.hostsFile,
      request,
      endpoints.map(({ address }) => address),
      helperProcess?.hostAddress,
    )
    return {
      namespace: { kind: 'path', path: namespace },
      endpoints,
      ports,
      ...files,
      lost: helperProcess?.lost ?? never,
      close: () => undo.run(),
    }
  })
}

function wishes(
  request: NetworkRequest,
  room: NetworkRoom,
  namespace: string,
  ports: readonly PortMapping[],
): Parameters<typeof startHelper>[1] {
  const reachesHost = request.addHosts.some((text) => /[:=]host-gateway$/.test(text))
  return { namespace, directory: room.directory, ports, reachesHost }
}

function membership(
  network: string,
  request: NetworkRequest,
  room: NetworkRoom,
  namespace: string,
  ports: readonly PortMapping[],
  cable: { readonly device: string; readonly isDefaultRoute: boolean },
): Parameters<typeof joinNetwork>[1] {
  return {
    ...cable,
    network,
    container: request.id,
    names: [...new Set([request.name, request.id.slice(0, 12), ...request.aliases])],
    ...(request.address === undefined ? {} : { address: request.address }),
    ports,
    hostsFile: join(room.directory, 'hosts'),
    ownerPid: room.ownerPid,
    namespace: reachablePath(room.ownerPid, namespace),
  }
}

function openNamespace(room: NetworkRoom, undo: Undo): string {
  const namespace = makeNetworkNamespace(join(room.directory, 'namespace'), room.facts.programs)
  undo.add(namespace.close)
  return namespace.path
}

/** An endpoint as others see it. */
export function endpointOf(
  record: { readonly name: string; readonly subnet: string; readonly gateway: string },
  { address, macAddress, names }: Pick<Lease, 'address' | 'macAddress' | 'names'>,
): Endpoint {
  const prefixLength = Number(record.subnet.slice(record.subnet.indexOf('/') + 1))
  return { network: record.name, gateway: record.gateway, address, prefixLength, macAddress, names }
}

/** The names of others are in the file already, since the network was joined; they stay. */
function writeHosts(
  file: string,
  request: NetworkRequest,
  addresses: readonly string[],
  gateway: string | undefined,
): void {
  const peers = readFileSync(file, 'utf8')
  const none: readonly HostsEntry[] = []
  writeFileSync(file, hostsText(request, addresses, none, gateway) + peers)
}

function writeFiles(room: NetworkRoom, hosts: string, resolver: string): Pick<Network, 'hostsFile' | 'resolvFile'> {
  const [hostsFile, resolvFile] = [join(room.directory, 'hosts'), join(room.directory, 'resolv.conf')]
  for (const [path, text] of [
    [hostsFile, hosts],
    [resolvFile, resolver],
  ] as const) {
    rmSync(path, { force: true })
    writeFileSync(path, text, { mode: 0o644 })
  }
  return { hostsFile, resolvFile }
}

/** The host's own names, without the lines that every hosts file of ours has. */
function readHostsFile(): string {
  const lines = readFileIfThere('/etc/hosts').split('\n')
  const kept = lines.filter((line) => line.trim() !== '' && !/^(127\.0\.0\.1|::1|127\.0\.1\.1|f[ef]0\S*)\s/.test(line))
  return kept.map((line) => `${line}\n`).join('')
}

function readFileIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return ''
    throw error
  }
}
