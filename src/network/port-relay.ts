import { createSocket, type Socket as Datagrams, type RemoteInfo } from 'node:dgram'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { errnoCode, errorMessage, ToolError } from '../base/index.ts'
import { formatHost, type PortMapping } from './port-mapping.ts'
import { portOwner } from './port-owner.ts'

/** Published ports that this process holds on the machine. */
export interface PortRelays {
  /** With the ports that were chosen. */
  readonly ports: readonly PortMapping[]
  close(): void
}

/** What is known of where packets go, once the container has an address. */
export type RelayTarget = () => string

/** Datagrams of one client end with this much silence. */
const silenceMs = 30_000

/**
 * Takes the ports of the machine, so that nobody else can, and passes on what comes there: on the machine's loopback
 * addresses and by IPv6, for everything else is translated by the kernel before. Throws `ToolError` `port-in-use`,
 * `network-failed`; nothing stays taken then.
 */
export async function openRelays(ports: readonly PortMapping[], target: RelayTarget): Promise<PortRelays> {
  const open: { close(): void }[] = []
  const chosen: PortMapping[] = []
  const close = (): void => {
    for (const one of open) one.close()
  }
  try {
    for (const port of ports) {
      const first = await openRelay(port, bindAddress(port), target)
      open.push(first)
      const mapping = { ...port, hostPort: first.port }
      chosen.push(mapping)
      if (port.hostIp === '' && port.protocol === 'udp') {
        const second = await openSecond(mapping, target)
        if (second !== undefined) open.push(second)
      }
    }
    return { ports: chosen, close }
  } catch (error) {
    close()
    throw error
  }
}

/** Whether the ports are free now, with those chosen that may be any. For helpers that take ports themselves. */
export async function chooseFreePorts(ports: readonly PortMapping[]): Promise<readonly PortMapping[]> {
  const relays = await openRelays(ports, () => '127.0.0.1')
  relays.close()
  return relays.ports
}

function bindAddress({ hostIp, protocol }: PortMapping): string {
  if (hostIp !== '') return hostIp
  return protocol === 'tcp' ? '::' : '0.0.0.0'
}

interface OpenRelay {
  readonly port: number
  close(): void
}

/** UDP has no socket for both; a machine without IPv6 has no second one. */
async function openSecond(port: PortMapping, target: RelayTarget): Promise<OpenRelay | undefined> {
  try {
    return await openDatagrams(port, '::', target)
  } catch (error) {
    if (isWithoutIpv6(error)) return undefined
    throw refused(error, port)
  }
}

async function openRelay(port: PortMapping, address: string, target: RelayTarget): Promise<OpenRelay> {
  try {
    return await (port.protocol === 'tcp' ? openStream : openDatagrams)(port, address, target)
  } catch (error) {
    if (address === '::' && port.hostIp === '' && isWithoutIpv6(error)) return openRelay(port, '0.0.0.0', target)
    throw refused(error, port)
  }
}

function isWithoutIpv6(error: unknown): boolean {
  return errnoCode(error) === 'EAFNOSUPPORT' || errnoCode(error) === 'EADDRNOTAVAIL'
}

function refused(error: unknown, port: PortMapping): ToolError {
  const { hostPort, protocol, hostIp } = port
  if (errnoCode(error) === 'EADDRINUSE') {
    const owner = portOwner(port)
    const taken = owner === undefined ? 'taken' : `taken by ${owner}`
    return new ToolError('port-in-use', `port ${hostPort} (${protocol}) of this machine is ${taken}`, {
      hint: `publish another one, for example -p ${hostPort + 1}:${port.containerPort}, or end that program`,
      details: { port: hostPort, protocol },
    })
  }
  const place = formatHost(hostIp, hostPort)
  if (errnoCode(error) === 'EACCES') {
    return new ToolError(
      'network-failed',
      `cannot publish ${place}: ports below 1024 are not for ordinary users here`,
      {
        hint: 'publish a port from 1024 on, or: sudo sysctl net.ipv4.ip_unprivileged_port_start=80',
      },
    )
  }
  const hint = errnoCode(error) === 'EADDRNOTAVAIL' ? { hint: `this machine has no address ${hostIp}` } : {}
  return new ToolError('network-failed', `cannot publish ${place}: ${errorMessage(error)}`, hint)
}

async function openStream(port: PortMapping, address: string, target: RelayTarget): Promise<OpenRelay> {
  const server = createServer({ allowHalfOpen: true }, (client) => relayStream(client, port, target()))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: port.hostPort, host: address, exclusive: true }, resolve)
  })
  // A connection that could not be accepted is its caller's loss.
  server.on('error', () => undefined)
  return { port: portOf(server), close: () => server.close() }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function relayStream(client: Socket, port: PortMapping, address: string): void {
  const inside = connect({ host: address, port: port.containerPort, allowHalfOpen: true })
  client.pipe(inside)
  inside.pipe(client)
  for (const [one, other] of [
    [client, inside],
    [inside, client],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
}

async function openDatagrams(port: PortMapping, address: string, target: RelayTarget): Promise<OpenRelay> {
  const family = address.includes(':') ? 'udp6' : 'udp4'
  const socket = createSocket({ type: family, ipv6Only: address === '::' })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ port: port.hostPort, address, exclusive: true }, resolve)
  })
  const clients = new Map<string, Datagrams>()
  socket.on('error', () => undefined)
  socket.on('message', (message, from) => {
    const key = `${from.address} ${from.port}`
    const client = clients.get(key) ?? openClient(socket, from, () => clients.delete(key))
    clients.set(key, client)
    client.send(message, port.containerPort, target())
  })
  return {
    port: socket.address().port,
    close() {
      for (const client of clients.values()) client.close()
      socket.close()
    },
  }
}

/** The socket that stands for one client towards the container; answers go back through `socket`. */
function openClient(socket: Datagrams, from: RemoteInfo, forget: () => void): Datagrams {
  const client = createSocket('udp4')
  const close = (): void => {
    forget()
    client.close()
  }
  const silence = setTimeout(close, silenceMs)
  client.on('message', (message) => {
    silence.refresh()
    socket.send(message, from.port, from.address)
  })
  // Nobody listens inside: as with the kernel's own translation, the datagram is lost.
  client.on('error', () => undefined)
  client.on('close', () => clearTimeout(silence))
  return client
}
