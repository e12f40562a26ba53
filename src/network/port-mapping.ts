import { ToolError } from '../base/index.ts'
import { parseIpv4 } from './ipv4.ts'

/** A port of the container that the machine answers for. */
export interface PortMapping {
  /** Address of the machine without brackets; empty for all of them, IPv4 and IPv6. */
  readonly hostIp: string
  /** 0: any that is free. */
  readonly hostPort: number
  readonly containerPort: number
  readonly protocol: 'tcp' | 'udp'
}

/**
 * Parses `-p [ip:]host:container[/udp]`: one port or ranges of one length, an empty host port for any free one, IPv6 in
 * brackets. Throws `ToolError` `usage` that quotes the text.
 */
export function parsePublish(text: string): readonly PortMapping[] {
  const bad = (why: string): ToolError =>
    new ToolError('usage', `cannot read -p "${text}": ${why}`, {
      hint: 'expected [IP:][HOSTPORT:]CONTAINERPORT[/udp], for example -p 8080:80 or -p 127.0.0.1:5353:53/udp',
    })
  const [, ip = '', host, container = '', protocol = 'tcp'] =
    /^(?:(\[[^\]]*\]|[^:[\]]*):(?=[^:]*:))?(?:([^:]*):)?([^:/]+)(?:\/(.*))?$/.exec(text) ?? []
  if (container === '') throw bad('it names no port of the container')
  if (protocol !== 'tcp' && protocol !== 'udp') throw bad(`the protocol is "${protocol}", not tcp or udp`)
  const hostIp = parseHostIp(ip, bad)
  const inside = parseRange(container, bad)
  const outside = host === undefined || host === '' ? undefined : parseRange(host, bad)
  if (outside !== undefined && outside.length !== inside.length) {
    throw bad(`${outside.length} ports of the machine for ${inside.length} of the container`)
  }
  return inside.map((containerPort, index) => ({
    hostIp,
    hostPort: outside?.[index] ?? 0,
    containerPort,
    protocol,
  }))
}

/** What `-P` publishes: each exposed port (`80/tcp`, `53/udp`, `80`) on a free port of the machine. */
export function publishExposed(exposed: readonly string[]): readonly PortMapping[] {
  return exposed.flatMap((port) => parsePublish(port))
}

/** A mapping as `ps` shows it: `0.0.0.0:8080->80/tcp`, `[::1]:53->53/udp`. */
export function formatMapping({ hostIp, hostPort, containerPort, protocol }: PortMapping): string {
  return `${formatHost(hostIp, hostPort)}->${containerPort}/${protocol}`
}

/** Address and port as a URL has them; all addresses are written 0.0.0.0. */
export function formatHost(hostIp: string, port: number): string {
  const address = hostIp === '' ? '0.0.0.0' : hostIp
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

function parseHostIp(text: string, bad: (why: string) => ToolError): string {
  if (text === '') return ''
  const bare = text.startsWith('[') ? text.slice(1, -1) : text
  const isValid = text.startsWith('[') ? /^[\da-fA-F:.]*:[\da-fA-F:.]*$/.test(bare) : parseIpv4(bare) !== undefined
  if (!isValid) throw bad(`"${text}" is not an address of this machine (IPv6 stands in brackets)`)
  return bare
}

function parseRange(text: string, bad: (why: string) => ToolError): readonly number[] {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (!(from >= 1 && to <= 65535)) throw bad(`"${text}" is not a port from 1 to 65535`)
  if (to < from) throw bad(`the range "${text}" runs backwards`)
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
