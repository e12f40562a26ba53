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
