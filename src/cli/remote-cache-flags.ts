import { resolve } from 'node:path'
import { ToolError } from '../base/index.ts'
import type { BuildRequest } from '../engine/build-request.ts'
import type { CacheAddress } from '../engine/cache-address.ts'
import { inlineTarget, parseCacheSource, parseCacheTarget } from '../engine/cache-spec.ts'
import type { Host } from '../engine/host.ts'
import type { BuildFlags } from './flags.ts'

/** What `--cache-from` and `--cache-to` say. Throws `ToolError` `usage`. */
export function remoteCacheFields(
  { cacheFrom, cacheTo, buildArg, offline = false }: Pick<BuildFlags, 'cacheFrom' | 'cacheTo' | 'buildArg' | 'offline'>,
  { cwd, env }: Host,
): Pick<BuildRequest, 'cacheFrom' | 'cacheTo'> {
  const placed = (address: CacheAddress): CacheAddress =>
    address.type === 'local' ? { ...address, directory: resolve(cwd, address.directory) } : address
  const sources = cacheFrom.map((text) => placed(parseCacheSource(text, env)))
  const targets = cacheTo.map((text) => {
    const target = parseCacheTarget(text, env)
    return target.address.type === 'inline' ? target : { ...target, address: placed(target.address) }
  })
  // What BuildKit has for it from the time before there was a flag.
  if (buildArg.includes('BUILDKIT_INLINE_CACHE=1')) targets.push(inlineTarget)
  const distant = [...sources, ...targets.map(({ address }) => address)].find(
    ({ type }) => type !== 'local' && type !== 'inline',
  )
  if (offline && distant !== undefined) {
    throw new ToolError('usage', `a cache of type=${distant.type} is in the network, and --offline forbids it`, {
      hint: 'leave one of them out, or use a cache of type=local',
    })
  }
  return {
    ...(sources.length === 0 ? {} : { cacheFrom: sources }),
    ...(targets.length === 0 ? {} : { cacheTo: targets }),
  }
}
