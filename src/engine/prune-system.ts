import { ToolError } from '../base/index.ts'
import { pruneNetworks, sweepNetworks } from '../network/index.ts'
import { openContainerRoom } from './container-room.ts'
import type { Host } from './host.ts'
import { parseTime } from './image-filter.ts'
import { listNetworks, networkFacts, openNetworkRoom } from './networks.ts'
import { pruneContainers } from './prune-containers.ts'
import { treeSize } from './tree-size.ts'
import { listVolumes, removeVolume, volumeUsers } from './volumes.ts'

/** What went, or would go, of what containers need. */
export interface PrunedRest {
  readonly containers: readonly string[]
  readonly networks: readonly string[]
  readonly volumes: readonly string[]
  readonly sizeBytes: number
}

export interface RestRequest {
  /** Also volumes that nobody named and no container has. */
  readonly volumes: boolean
  readonly filters: readonly string[]
  readonly dryRun: boolean
  readonly root?: string
}

const handedOver = 'systemPrune'

/**
 * Removes stopped containers, networks that no container uses and, when asked, volumes without a name. Runs before the namespace is
 * entered, since that starts a user's command anew: what went is handed over then, and returned a second time. Throws
 * `ToolError` `usage` for filters other than `until`.
 */
export async function pruneRest(request: RestRequest, host: Host): Promise<PrunedRest> {
  const known = host.inherited[handedOver]
  if (known !== undefined) return JSON.parse(known)
  const { filters, dryRun, root } = request
  const wrong = filters.find((filter) => !filter.startsWith('until='))
  if (wrong !== undefined)
    throw new ToolError('usage', `the filter "${wrong}" is not known here`, { hint: 'write until=24h, or until=DATE' })
  const containers = await pruneContainers(host, root, filters, dryRun)
  const networks = await unusedNetworks(host, request)
  const volumes = request.volumes ? unusedVolumes(host, request) : { names: [], sizeBytes: 0 }
  const pruned = {
    ...{ containers: containers.ids, networks, volumes: volumes.names },
    sizeBytes: containers.sizeBytes + volumes.sizeBytes,
  }
  host.handOver(handedOver, JSON.stringify(pruned))
  return pruned
}

async function unusedNetworks(host: Host, { filters, dryRun, root }: RestRequest): Promise<readonly string[]> {
  const room = openNetworkRoom(host, root)
  const untils = filters.map((filter) => parseTime(filter.slice('until='.length), host.nowMs()))
  const old = new Set(
    listNetworks(room, ['dangling=true'])
      .filter(({ created }) => untils.every((untilMs) => Date.parse(created) < untilMs))
      .map(({ name }) => name),
  )
  if (dryRun || old.size === 0) return [...old]
  await sweepNetworks(room.networks, networkFacts(host))
  return pruneNetworks(room.networks, ({ name }) => old.has(name))
}

function unusedVolumes(
  host: Host,
  { filters, dryRun, root }: RestRequest,
): { readonly names: readonly string[]; readonly sizeBytes: number } {
  // As with docker, there is no telling when a volume was last used.
  if (filters.length > 0) {
    throw new ToolError('usage', '--volumes goes with no filter', { hint: 'use longshore volume prune for volumes' })
  }
  const room = openContainerRoom(host, root)
  const users = volumeUsers(room)
  const unused = listVolumes(room).filter(({ name, anonymous }) => anonymous && !users.has(name))
  let sizeBytes = 0
  for (const { name, mountpoint } of unused) {
    sizeBytes += treeSize(mountpoint)
    if (!dryRun) removeVolume(room, name)
  }
  return { names: unused.map(({ name }) => name), sizeBytes }
}
