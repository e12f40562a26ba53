import { readFileSync } from 'node:fs'
import { errnoCode } from '../base/index.ts'
import type { NetworkRequest } from './network-request.ts'

/** Where systemd-resolved writes the servers behind its own, which listens on a loopback address. */
const resolvedFile = '/run/systemd/resolve/resolv.conf'

/** The machine's resolver configuration, with the real servers where a local one stands before them. */
export function readHostResolver(): string {
  const text = readIfThere('/etc/resolv.conf')
  const isLocal = serversOf(text).every(isLoopback)
  const behind = isLocal ? readIfThere(resolvedFile) : ''
  return behind === '' ? text : behind
}

/**
 * The text of a container's /etc/resolv.conf: what the flags say, else what the machine has. Servers on loopback
 * addresses are out of reach from a namespace of its own; `forwarder` is the helper's own server, if it has one.
 */
export function resolvText(
  request: Pick<NetworkRequest, 'dns' | 'dnsSearch' | 'dnsOptions'>,
  host: string,
  forwarder: string | undefined,
): string {
  const reachable = serversOf(host).filter((server) => !isLoopback(server) && !server.includes('%'))
  const servers = request.dns.length > 0 ? request.dns : [...(forwarder === undefined ? [] : [forwarder]), ...reachable]
  const search =
    request.dnsSearch.length > 0 ? request.dnsSearch.filter((name) => name !== '.') : wordsOf(host, 'search')
  const options = request.dnsOptions.length > 0 ? request.dnsOptions : wordsOf(host, 'options')
  const lines = [
    ...(servers.length === 0
      ? ['# No name server of this machine can be reached from here; give one with --dns.']
      : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ]
  return `${lines.join('\n')}\n`
}

/** Name servers in the text of a resolv.conf. */
export function serversOf(text: string): readonly string[] {
  return [...text.matchAll(/^nameserver[ \t]+(\S+)/gm)].map(([, server = '']) => server)
}

function wordsOf(text: string, keyword: 'search' | 'options'): readonly string[] {
  const found = [...text.matchAll(new RegExp(`^${keyword}[ \\t]+(.*)$`, 'gm'))].at(-1)?.[1] ?? ''
  return found.split(/\s+/).filter((word) => word !== '')
}

function isLoopback(server: string): boolean {
  return server.startsWith('127.') || server === '::1'
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return ''
    throw error
  }
}
