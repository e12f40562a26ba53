import type { CachePolicy } from '../build/index.ts'
import type { StepGraph } from '../plan/index.ts'
import type { Scene } from './scene.ts'

/** Which remembered results the request lets a build take. Ages are counted from the start of the command. */
export function cachePolicy({ request, host }: Pick<Scene, 'request' | 'host'>, graph: StepGraph): CachePolicy {
  const { noCache, noCacheFilter, cacheTtlMs } = request
  const wanted = new Set(noCacheFilter.map((name) => name.toLowerCase()))
  const stages = graph.stages.flatMap(({ stage: { index, name } }) =>
    wanted.has(name) || wanted.has(String(index)) ? [index] : [],
  )
  return {
    noCache,
    ...(stages.length === 0 ? {} : { noCacheStages: new Set(stages) }),
    ...(cacheTtlMs === undefined ? {} : { notBeforeMs: host.startedMs - cacheTtlMs }),
  }
}
