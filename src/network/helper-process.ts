import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { errorMessage, ToolError } from '../base/index.ts'
import { defaultRoute } from './host-routes.ts'
import type { NetworkPrograms } from './network-request.ts'
import { formatHost, type PortMapping } from './port-mapping.ts'

/** A process that connects a namespace with the machine, without any right over the machine. */
export interface HelperProcess {
  /** Address of a name server that it offers inside. */
  readonly nameServer: string
  /** Address inside that means the machine itself, when that was asked for. */
  readonly hostAddress: string | undefined
  /** Resolves with its last words when it ends without having been told to. */
  readonly lost: Promise<string>
  close(): Promise<void>
}

/** What a helper is to do. */
export interface HelperWishes {
  /** The network namespace. */
  readonly namespace: string
  /** A directory for its files. */
  readonly directory: string
  /** Published by it, so that callers keep their addresses where it can. */
  readonly ports: readonly PortMapping[]
  /** Whether the container may reach what listens on the machine's loopback addresses. */
  readonly reachesHost: boolean
}

const readyTimeoutMs = 10_000
const slirpDevice = 'eth0'

/** Starts the helper and waits until the namespace is connected and ports are open. Throws `ToolError` `network-failed`. */
export function startHelper(
  helper: 'pasta' | 'slirp4netns',
  wishes: HelperWishes,
  programs: NetworkPrograms,
): Promise<HelperProcess> {
  return helper === 'pasta' ? startPasta(wishes, programs) : startSlirp(wishes, programs)
}

/**
 * pasta(1) in the foreground, so that it dies with us: it has written its process id when all is in place. It sends
 * name queries for its own server's address to the machine's, and turns the address of the machine's gateway into the
 * machine itself when it is let.
 */
async function startPasta(wishes: HelperWishes, programs: NetworkPrograms): Promise<HelperProcess> {
  const pidFile = join(wishes.directory, 'pasta.pid')
  const nameServer = '169.254.1.1'
  const args = [
    ...['--config-net', '--foreground', '--stderr', '--quiet', '--pid', pidFile, '--netns', wishes.namespace],
    ...['--ns-ifname', 'eth0', '--dns-forward', nameServer, '--tcp-ns', 'none', '--udp-ns', 'none'],
    ...(wishes.reachesHost ? [] : ['--no-map-gw']),
    ...pastaPorts('--tcp-ports', wishes.ports, 'tcp'),
    ...pastaPorts('--udp-ports', wishes.ports, 'udp'),
  ]
  const child = start('pasta', programs.pasta, args, programs, ['ignore', 'ignore', 'pipe'])
  await child.ready(() => existsSync(pidFile) && readFileSync(pidFile, 'latin1').trim() !== '')
  return {
    nameServer,
    hostAddress: wishes.reachesHost ? defaultRoute()?.gateway : undefined,
    lost: child.lost,
    close: child.close,
  }
}

function pastaPorts(flag: string, ports: readonly PortMapping[], protocol: 'tcp' | 'udp'): readonly string[] {
  const chosen = ports.filter((port) => port.protocol === protocol)
  if (chosen.length === 0) return [flag, 'none']
  return chosen.flatMap(({ hostIp, hostPort, containerPort }) => {
    const address = hostIp === '' ? '' : `${hostIp}/`
    return [flag, `${address}${hostPort}:${containerPort}`]
  })
}

/** slirp4netns(1), which ends with its end of a pipe of ours. Ports are asked for through its socket. */
async function startSlirp(wishes: HelperWishes, programs: NetworkPrograms): Promise<HelperProcess> {
  const socket = join(wishes.directory, 'slirp4netns.sock')
  const args = [
    ...['--configure', '--mtu=65520', '--ready-fd=3', '--exit-fd=4', `--api-socket=${socket}`],
    ...(wishes.reachesHost ? [] : ['--disable-host-loopback']),
    ...['--netns-type=path', wishes.namespace, slirpDevice],
  ]
  const stdio = ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] as const
  const child = start('slirp4netns', programs.slirp4netns, args, programs, stdio)
  let isReady = false
  child.process.stdio[3]?.on('data', () => {
    isReady = true
  })
  await child.ready(() => isReady)
  try {
    for (const port of wishes.ports) await forwardPort(socket, port)
  } catch (error) {
    await child.close()
    throw error
  }
  const hostAddress = wishes.reachesHost ? '10.0.2.2' : undefined
  return { nameServer: '10.0.2.3', hostAddress, lost: child.lost, close: child.close }
}

/** Asks slirp4netns to take a port of the machine; its API is one JSON request a connection. */
async function forwardPort(socket: string, port: PortMapping): Promise<void> {
  const { hostIp, hostPort, containerPort, protocol } = port
  const failed = (reason: string): ToolError =>
    new ToolError('network-failed', `cannot publish ${formatHost(hostIp, hostPort)}: slirp4netns: ${reason}`)
  if (hostIp.includes(':')) throw failed('it publishes on IPv4 addresses only')
  const where = { host_addr: hostIp === '' ? '0.0.0.0' : hostIp, host_port: hostPort, guest_port: containerPort }
  const request = JSON.stringify({ execute: 'add_hostfwd', arguments: { proto: protocol, ...where } })
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const connection = createConnection(socket, () => connection.end(request))
    connection.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    connection.once('end', () => resolve(text))
    connection.once('error', (error) => reject(failed(errorMessage(error))))
  })
  const [, reason] = /"desc"\s*:\s*"([^"]*)"/.exec(answer) ?? []
  if (answer.includes('"error"')) throw failed(reason ?? answer)
}

interface StartedHelper {
  readonly process: ChildProcess
  readonly lost: Promise<string>
  ready(isReady: () => boolean): Promise<void>
  close(): Promise<void>
}

/** Starts a helper that the kernel kills when we die. */
function start(
  name: string,
  program: string | undefined,
  args: readonly string[],
  { setpriv = 'setpriv' }: NetworkPrograms,
  stdio: readonly ('ignore' | 'pipe')[],
): StartedHelper {
  const child = spawn(setpriv, ['--pdeathsig', 'KILL', program ?? name, ...args], {
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    stdio: [...stdio],
  })
  let words = ''
  let closing = false
  const stderr: Readable | null = child.stderr
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    // The last of what it says is why it ends; Debian's pasta complains about the missing system log all along.
    words = (words + text.replaceAll(/^Failed to send \d+ bytes to syslog\n/gm, '')).slice(-2000)
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(errorMessage(error)))
    child.once('close', (code, signal) =>
      resolve(words.trim().replaceAll('\n', '; ') || `it ended with ${signal ?? code}`),
    )
  })
  const lost = new Promise<string>((resolve) => {
    void ended.then((reason) => {
      if (!closing) resolve(`${name}: ${reason}`)
    })
  })
  const close = async (): Promise<void> => {
    closing = true
    child.kill('SIGKILL')
    await ended
  }
  return { process: child, lost, close, ready: (isReady) => untilReady(name, isReady, ended, close) }
}

/** Helpers say that they are ready in ways that nothing can be waited on, so it is looked for. */
async function untilReady(
  name: string,
  isReady: () => boolean,
  ended: Promise<string>,
  close: () => Promise<void>,
): Promise<void> {
  let reason: string | undefined
  void ended.then((words) => {
    reason = words
  })
  const deadline = performance.now() + readyTimeoutMs
  while (!isReady() || reason !== undefined) {
    if (reason !== undefined) throw new ToolError('network-failed', `cannot connect the container: ${name}: ${reason}`)
    if (performance.now() > deadline) {
      await close()
      throw new ToolError('network-failed', `cannot connect the container: ${name} was not ready after 10 seconds`)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
