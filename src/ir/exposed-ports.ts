import { nearest } from '../base/index.ts'

/** The ports of an EXPOSE word, or what is wrong with it, in docker's words. */
export type Ports =
  | { readonly kind: 'ports'; readonly ports: readonly string[] }
  | { readonly kind: 'wrong'; readonly message: string }

/**
 * Ports of one EXPOSE word as `80/tcp`: `[[ip:]host:]container[/protocol]`, where host and container may be ranges. Only
 * the container's ports count; the rest is tolerated, as docker does, but has to be an address and ports.
 */
export function parsePorts(text: string): Ports {
  const [, front = '', container = '', protocol = ''] = /^((?:[^/]*:)?)([^/:]*)(?:\/([^/]*))?$/.exec(text) ?? []
  const transport = protocol.toLowerCase() || 'tcp'
  const range = portRange(container)
  if (range === undefined) return wrong(`invalid containerPort: ${text}`)
  const address = front.slice(0, Math.max(0, front.lastIndexOf(':', front.length - 2)))
  if (address !== '' && !isAddress(address)) return wrong(`invalid IP address: ${address}`)
  const host = front.slice(address === '' ? front.lastIndexOf(':', front.length - 2) + 1 : address.length + 1, -1)
  if (host !== '') {
    const hostRange = portRange(host)
    if (hostRange === undefined) return wrong(`invalid hostPort: ${host}`)
    if (range.count > 1 && hostRange.count !== range.count) {
      return wrong(`invalid ranges specified for container and host Ports: ${container} and ${host}`)
    }
  }
  if (transport !== 'tcp' && transport !== 'udp' && transport !== 'sctp') return wrong(`invalid proto: ${protocol}`)
  const ports = Array.from({ length: range.count }, (_, index) => `${range.first + index}/${transport}`)
  return { kind: 'ports', ports }
}

function wrong(message: string): Ports {
  return { kind: 'wrong', message }
}

function portRange(text: string): { readonly first: number; readonly count: number } | undefined {
  const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  const [first, last] = [Number(low), Number(high)]
  return last >= first && last <= 65_535 ? { first, count: last - first + 1 } : undefined
}

/** IPv4, or IPv6 in brackets. */
function isAddress(text: string): boolean {
  const inner = /^\[(.*)\]$/.exec(text)?.[1]
  if (inner !== undefined) return URL.canParse(`http://[${inner}]/`)
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)
}

/** What was most likely meant by an EXPOSE word that is none; several words when it lists ports. Undefined without a guess. */
export function intendedPorts(text: string): string | undefined {
  const listed = text.split(/[,;]/)
  if (listed.length > 1) return listed.every(isPort) ? listed.join(' ') : undefined
  const [, front, port, behind] = /^(?:([a-z]+)[/:])?([\d-]+)(?:[/:]([a-z]+))?$/i.exec(text) ?? []
  if (port === undefined) return undefined
  const [, first, last] = /^(\d+)-(\d+)$/.exec(port) ?? []
  const range = first !== undefined && last !== undefined && Number(first) > Number(last) ? `${last}-${first}` : port
  const protocol = front ?? behind
  const transport = protocol === undefined ? undefined : nearest(protocol, ['tcp', 'udp', 'sctp'])
  if (protocol !== undefined && transport === undefined) return undefined
  const meant = transport === undefined ? range : `${range}/${transport}`
  return isPort(meant) ? meant : undefined
}

function isPort(text: string): boolean {
  return parsePorts(text).kind === 'ports'
}
