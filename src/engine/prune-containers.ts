import { ToolError } from '../base/index.ts'
import { isActive } from '../container/index.ts'
import { openContainerRoom } from './container-room.ts'
import type { Host } from './host.ts'
import { allContainers, compileContainerFilters, layerSize } from './list-containers.ts'
import { removeContainer } from './remove-container.ts'

/** Removes all containers that do not run and pass the filters (`label`, `label!`, `until`); one that is started meanwhile stays. With `dryRun` nothing goes. */
export async function pruneContainers(
  host: Host,
  root: string | undefined,
  filters: readonly string[],
  dryRun = false,
): Promise<{ readonly ids: readonly string[]; readonly sizeBytes: number }> {
  const room = openContainerRoom(host, root)
  const wrong = filters.find((filter) => !/^(label!?|until)=/.test(filter))
  if (wrong !== undefined) {
    throw new ToolError('usage', `the filter "${wrong}" is not known here`, { hint: 'write label=K[=V] or until=TIME' })
  }
  const { parseTime } = await import('./image-filter.ts')
  const untils = filters
    .filter((filter) => filter.startsWith('until='))
    .map((text) => parseTime(text.slice(6), host.nowMs()))
  const all = allContainers(room)
  const passes = compileContainerFilters(
    filters.filter((filter) => !filter.startsWith('until=')),
    room,
    all,
  )
  const ids: string[] = []
  let sizeBytes = 0
  for (const container of all) {
    const { id, created } = container.spec
    const isOld = untils.every((untilMs) => Date.parse(created) < untilMs)
    if (isActive(container.state) || !isOld || !passes(container)) continue
    const size = layerSize(room, id)
    try {
      if (!dryRun) await removeContainer(room, id, { force: false, volumes: false })
    } catch (error) {
      if (error instanceof ToolError && ['container-failed', 'container-not-found'].includes(error.code)) continue
      throw error
    }
    ids.push(id)
    sizeBytes += size
  }
  return { ids, sizeBytes }
}
