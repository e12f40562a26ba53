import type { CachePolicy } from '../build/index.ts'
import type { StepGraph } from '../plan/index.ts'
import type { BuildRequest } from './build-request.ts'
import type { Host } from './host.ts'

/** What it takes of a scene. */
interface CacheWishes {
  readonly request: Pick<BuildRequest, 'noCache' | 'noCacheFilter' | 'cacheTtlMs'>
  readonly host: Pick<Host, 'startedMs'>
}

/** Which remembered results the request lets a build take. Ages are counted from the start of the command. */
export function cachePolicy({ request, host }: CacheWishes, graph: StepGraph): CachePolicy {
  const { noCache, noCacheFilter, cacheTtlMs } = request
  const wanted = new Set(noCacheFilter.map((name) => name.toLowerCase()))
  const stages = graph.stages.flatMap(({ stage: { index, name }, dockerfileIndex = index }) =>
    wanted.has(name) || wanted.has(String(dockerfileIndex)) ? [index] : [],
  )
  return {
    noCache,
    ...(stages.length === 0 ? {} : { noCacheStages: new Set(stages) }),
    ...(cacheTtlMs === undefined ? {} : { notBeforeMs: host.startedMs - cacheTtlMs }),
  }
}
