import { nearest } from '../base/index.ts'

/**
 * Ports of one EXPOSE word as `80/tcp`: `[[ip:]host:]container[/protocol]`, where a container may be a range. Only the
 * container's ports count; the rest is tolerated, as docker does. Undefined when it is no such thing.
 */
export function parsePorts(text: string): readonly string[] | undefined {
  const [, address = '', protocol = ''] = /^([^/]*)(?:\/([^/]*))?$/.exec(text) ?? []
  const transport = protocol.toLowerCase() || 'tcp'
  if (transport !== 'tcp' && transport !== 'udp' && transport !== 'sctp') return undefined
  const range = address.slice(address.lastIndexOf(':') + 1)
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range) ?? []
  if (first === undefined || last === undefined) return undefined
  const [low, high] = [Number(first), Number(last)]
  if (low > high || high > 65_535) return undefined
  return Array.from({ length: high - low + 1 }, (_, index) => `${low + index}/${transport}`)
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
  return parsePorts(text) !== undefined
}
