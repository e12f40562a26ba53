import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { errnoCode, ToolError } from '../base/index.ts'
import { parseIpv4 } from './ipv4.ts'
import type { NetworkRequest } from './network-request.ts'

/** A name, or several, and the address they have. */
export interface HostsEntry {
  readonly address: string
  readonly names: readonly string[]
}

const begin = '# containers of the same networks'
const end = '# end of containers'

/**
 * The text of a container's /etc/hosts: loopback names, `--add-host`, its own name at each of `addresses`, and the block
 * that `updateHosts` changes. Throws `ToolError` `usage` for an `--add-host` that is none, or `host-gateway` where
 * there is no way to the host.
 */
export function hostsText(
  request: NetworkRequest,
  addresses: readonly string[],
  peers: readonly HostsEntry[],
  hostGateway: string | undefined,
): string {
  const { hostname, domainname } = request
  const own = domainname === '' ? [hostname] : [`${hostname}.${domainname}`, hostname]
  const lines = [
    ['127.0.0.1', 'localhost'],
    ['::1', 'localhost', 'ip6-localhost', 'ip6-loopback'],
    ['fe00::0', 'ip6-localnet'],
    ['ff02::1', 'ip6-allnodes'],
    ['ff02::2', 'ip6-allrouters'],
    ...request.addHosts.map((text) => addedHost(text, hostGateway)),
    ...(addresses.length === 0 ? ['127.0.1.1'] : addresses).map((address) => [address, ...own]),
  ]
  return `${lines.map(([address, ...names]) => `${address}\t${names.join(' ')}`).join('\n')}\n${block(peers)}`
}

/** Address and name of `--add-host NAME:IP` or `NAME=IP`. */
function addedHost(text: string, hostGateway: string | undefined): readonly string[] {
  const [, name = '', written = ''] = /^([^:=\s]+)[:=](\S+)$/.exec(text) ?? []
  const address = written === 'host-gateway' ? hostGateway : written.replace(/^\[(.*)\]$/, '$1')
  if (written === 'host-gateway' && address === undefined) {
    throw new ToolError('usage', `--add-host "${text}": this container has no way to the host`, {
      hint: 'give its address instead of host-gateway, or another --network',
    })
  }
  if (name === '' || address === undefined || !isAddress(address)) {
    throw new ToolError('usage', `cannot read --add-host "${text}"`, {
      hint: 'expected NAME:IP, for example db:10.0.0.5 or host.docker.internal:host-gateway',
    })
  }
  return [address, name]
}

function isAddress(text: string): boolean {
  return parseIpv4(text) !== undefined || /^[\da-f.:]*:[\da-f.:]*$/i.test(text)
}

function block(peers: readonly HostsEntry[]): string {
  if (peers.length === 0) return ''
  return `${[begin, ...peers.map(({ address, names }) => `${address}\t${names.join(' ')}`), end].join('\n')}\n`
}

/**
 * Replaces the names of other containers in a hosts file and keeps all else, which the container may have changed. The
 * file is written in place, for the container has it mounted. No error when it is gone.
 */
export function updateHosts(file: string, peers: readonly HostsEntry[]): void {
  let fd: number
  try {
    fd = openSync(file, 'r+')
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return
    throw error
  }
  try {
    const before = readFileSync(fd, 'utf8')
    const after = Buffer.from(withPeers(before, peers))
    if (after.toString('utf8') === before) return
    writeSync(fd, after, 0, after.length, 0)
    ftruncateSync(fd, after.length)
  } finally {
    closeSync(fd)
  }
}

/** `text` with the block of other containers replaced, or put at its end. */
export function withPeers(text: string, peers: readonly HostsEntry[]): string {
  const from = text.indexOf(`${begin}\n`)
  const to = text.indexOf(`${end}\n`, from)
  if (from < 0 || to < 0) return text + block(peers)
  return text.slice(0, from) + block(peers) + text.slice(to + end.length + 1)
}
