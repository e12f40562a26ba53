import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import {
  type NetworkFacts,
  type NetworkRequest,
  openNetwork,
  openNetworkStore,
  planNetwork,
  probeNetwork,
} from '../../src/network/index.ts'

/*
 * A program: holds the network of one container as its supervisor does, and runs a command in it. Reads its settings
 * as JSON from the first argument and writes events as lines of JSON.
 */

/** What the program is told. */
export interface HolderSettings {
  readonly root: string
  readonly directory: string
  readonly request: NetworkRequest
  readonly uid: number
  readonly inUserNamespace: boolean
  /** Only this rung, or this kind of rules. */
  readonly rung?: string
  readonly firewall?: 'nft' | 'iptables'
  /** Shell script to run inside; its first argument is the hosts file. */
  readonly script: string
}

export function findTool(name: string): string | undefined {
  for (const folder of ['/usr/sbin', '/usr/bin', '/sbin', '/bin']) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

function factsFor({ uid, inUserNamespace, rung, firewall }: HolderSettings): NetworkFacts {
  const facts = probeNetwork({ find: findTool, uid, inUserNamespace })
  const rungs = facts.rungs.filter((report) => rung === undefined || report.rung === rung)
  return { ...facts, rungs, ...(firewall === undefined ? {} : { firewall }) }
}

async function hold(settings: HolderSettings): Promise<void> {
  const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`)
  const { root, directory, request, script } = settings
  const facts = factsFor(settings)
  try {
    const plan = planNetwork(request, facts, openNetworkStore(root).networks())
    const network = await openNetwork(plan, { root, directory, facts, ownerPid: process.pid })
    void network.lost.then((reason) => say({ kind: 'lost', reason }))
    const { namespace, ports, endpoints, hostsFile, resolvFile } = network
    const words = namespace.kind === 'path' ? [`--net=${namespace.path}`] : []
    const child = spawn('nsenter', [...words, '--', 'sh', '-c', script, 'sh', hostsFile], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    say({ kind: 'open', ports, endpoints, hostsFile, resolvFile, child: child.pid })
    process.stdin.resume()
    await new Promise((resolve) => process.stdin.once('end', resolve))
    child.kill('SIGKILL')
    await network.close()
    say({ kind: 'closed' })
  } catch (error) {
    const { code, message, hint } =
      error instanceof Error
        ? { code: '', hint: '', ...error, message: error.message }
        : { code: '', message: String(error), hint: '' }
    say({ kind: 'failed', code, message, hint })
  }
}

const [, program = '', settings] = process.argv
if (program.endsWith('network-holder.ts') && settings !== undefined) {
  await hold(JSON.parse(settings))
  process.exit(0)
}
