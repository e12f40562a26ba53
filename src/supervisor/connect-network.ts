import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { ContainerSpec, ContainerStore } from '../container/index.ts'
import {
  type Network,
  type NetworkPlan,
  openNetwork,
  openNetworkStore,
  planNetwork,
  probeNetwork,
} from '../network/index.ts'
import { searchPath } from '../sandbox/host-tools.ts'
import { runningContainer } from './other-namespaces.ts'
import type { SupervisorSettings } from './settings.ts'

/** A container's network, and what the user should hear about it. */
export interface Connection {
  readonly network: Network
  readonly notes: readonly string[]
}

/**
 * Connects a container as its spec says. The default network is that of the machine where there is no way to another one. Throws
 * `ToolError`.
 */
export async function connectNetwork(
  settings: SupervisorSettings,
  store: ContainerStore,
  spec: ContainerSpec,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Connection> {
  const facts = probeNetwork({
    find: (name) => findProgram(env, name),
    uid: 0,
    inUserNamespace: settings.inUserNamespace,
  })
  const { mode, ...rest } = spec.network
  const name = store.names.all().get(spec.id) ?? spec.id.slice(0, 12)
  const request = { ...rest, mode, id: spec.id, name, hostname: spec.hostname, domainname: spec.domainname }
  const known = openNetworkStore(settings.root).networks()
  const plan = planOr(request, () => planNetwork(request, facts, known))
  const joined = plan.kind === 'container' ? joinedContainer(store, plan.container) : undefined
  const network = await openNetwork(plan, {
    root: settings.root,
    directory: store.path(spec.id, 'run', 'network'),
    facts,
    ownerPid: settings.pid,
    ...(joined === undefined ? {} : { joined }),
  })
  return { network, notes: plan.notes }
}

/** The path as it is found: pasta is a link to passt, which looks at the name it is called by. */
function findProgram(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  return searchPath(env)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        // Not in this folder.
        return false
      }
    })
}

/** Nobody asked for a network of the container's own: the machine's does when there is none. */
function planOr(request: NetworkPlan['request'], plan: () => NetworkPlan): NetworkPlan {
  try {
    return plan()
  } catch (error) {
    const isUnavailable = error instanceof ToolError && error.code === 'network-unavailable'
    if (!isUnavailable || request.mode !== 'default') throw error
    const notes = [
      `the container uses the network of this machine: ${error.message}`,
      ...(request.ports.length > 0 ? ['published ports are ignored: its ports are those of the machine'] : []),
    ]
    return { kind: 'host', request, notes }
  }
}

function joinedContainer(
  store: ContainerStore,
  text: string,
): { readonly pid: number; readonly hostsFile: string; readonly resolvFile: string } {
  const { id, pid } = runningContainer(store, text, 'network')
  const file = (name: string): string => store.path(id, 'run', 'network', name)
  return { pid, hostsFile: file('hosts'), resolvFile: file('resolv.conf') }
}
